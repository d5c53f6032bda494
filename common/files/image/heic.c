#include "heic.h"

#include <libde265/de265.h>
#include <libheif/heif.h>
#include <libheif/heif_plugin.h>
#include <string.h>

/* ---- a decoder for libheif that starts no thread: its own does, and waits for it for ever where none may start */

enum { PRIORITY = 200 /* libheif's own has 100 */, NAL_HEAD = 4 };

static const struct heif_error good = {heif_error_Ok, heif_suberror_Unspecified, "good"};
static const struct heif_error bad = {heif_error_Decoder_plugin_error, heif_suberror_Unspecified,
                                      "bad"};

static const char *plugin_name(void)
{
    return "libde265 without threads";
}

static int plugin_supports(enum heif_compression_format format)
{
    return format == heif_compression_HEVC ? PRIORITY : 0;
}

static struct heif_error plugin_new(void **ret_decoder)
{
    *ret_decoder = de265_new_decoder();
    return *ret_decoder == NULL ? bad : good;
}

static void plugin_free(void *decoder)
{
    de265_free_decoder(decoder);
}

/* Units, each behind its length (ISO/IEC 14496-15). */
static struct heif_error plugin_push(void *decoder, const void *data, size_t size)
{
    const unsigned char *at = data;
    while (size > 0) {
        if (size < NAL_HEAD)
            return bad;
        size_t length = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
        if (length > size - NAL_HEAD ||
            de265_push_NAL(decoder, at + NAL_HEAD, (int)length, 0, NULL) != DE265_OK)
            return bad;
        at += NAL_HEAD + length;
        size -= NAL_HEAD + length;
    }
    return good;
}

static bool copy_plane(struct heif_image *to, const struct de265_image *from, int channel)
{
    static const enum heif_channel channels[] = {heif_channel_Y, heif_channel_Cb, heif_channel_Cr};
    int width = de265_get_image_width(from, channel),
        height = de265_get_image_height(from, channel);
    int bits = de265_get_bits_per_pixel(from, channel), to_stride, from_stride;
    if (heif_image_add_plane(to, channels[channel], width, height, bits).code != heif_error_Ok)
        return false;
    uint8_t *out = heif_image_get_plane(to, channels[channel], &to_stride);
    const uint8_t *in = de265_get_image_plane(from, channel, &from_stride);
    size_t row = (size_t)width * (bits > 8 ? 2 : 1);
    if (out == NULL || in == NULL)
        return false;
    for (int y = 0; y < height; y++)
        memcpy(out + (size_t)y * (size_t)to_stride, in + (size_t)y * (size_t)from_stride, row);
    return true;
}

/* How its colours are meant; libheif assumes a photograph's where it is not told. */
static void copy_meaning(struct heif_image *to, const struct de265_image *from)
{
    struct heif_color_profile_nclx *profile = heif_nclx_color_profile_alloc();
    if (profile == NULL)
        return;
    profile->full_range_flag = de265_get_image_full_range_flag(from) != 0;
    heif_nclx_color_profile_set_color_primaries(profile,
                                                (uint16_t)de265_get_image_colour_primaries(from));
    heif_nclx_color_profile_set_transfer_characteristics(
        profile, (uint16_t)de265_get_image_transfer_characteristics(from));
    heif_nclx_color_profile_set_matrix_coefficients(
        profile, (uint16_t)de265_get_image_matrix_coefficients(from));
    heif_image_set_nclx_color_profile(to, profile);
    heif_nclx_color_profile_free(profile);
}

static struct heif_image *copy_image(const struct de265_image *from)
{
    static const enum heif_chroma chromas[] = {
        [de265_chroma_mono] = heif_chroma_monochrome,
        [de265_chroma_420] = heif_chroma_420,
        [de265_chroma_422] = heif_chroma_422,
        [de265_chroma_444] = heif_chroma_444,
    };
    bool mono = de265_get_chroma_format(from) == de265_chroma_mono, copied = true;
    struct heif_image *to = NULL;
    if (heif_image_create(de265_get_image_width(from, 0), de265_get_image_height(from, 0),
                          mono ? heif_colorspace_monochrome : heif_colorspace_YCbCr,
                          chromas[de265_get_chroma_format(from)], &to)
            .code != heif_error_Ok)
        return NULL;
    for (int channel = 0; channel < (mono ? 1 : 3) && copied; channel++)
        copied = copy_plane(to, from, channel);
    copy_meaning(to, from);
    if (copied)
        return to;
    heif_image_release(to);
    return NULL;
}

static struct heif_error plugin_decode(void *decoder, struct heif_image **ret_image)
{
    const struct de265_image *image = NULL;
    int more = 1;
    *ret_image = NULL;
    if (de265_flush_data(decoder) != DE265_OK)
        return bad;
    while (more && image == NULL) {
        if (de265_decode(decoder, &more) != DE265_OK)
            return bad;
        image = de265_get_next_picture(decoder);
    }
    /* what is damaged is decoded to something, with a warning */
    if (image != NULL && de265_get_warning(decoder) == DE265_OK)
        *ret_image = copy_image(image);
    return *ret_image == NULL ? bad : good;
}

static void plugin_strict(void *decoder, int flag)
{
    (void)decoder;
    (void)flag;
}

static void plugin_init(void)
{
    de265_init();
}

static void plugin_deinit(void)
{
    de265_free();
}

static const struct heif_decoder_plugin plugin = {
    .plugin_api_version = 3,
    .get_plugin_name = plugin_name,
    .init_plugin = plugin_init,
    .deinit_plugin = plugin_deinit,
    .does_support_format = plugin_supports,
    .new_decoder = plugin_new,
    .free_decoder = plugin_free,
    .push_data = plugin_push,
    .decode_image = plugin_decode,
    .set_strict_decoding = plugin_strict,
    .id_name = "guild",
};

/* ---- a file */

bool heic_prepare(void)
{
    return heif_init(NULL).code == heif_error_Ok &&
           heif_register_decoder_plugin(&plugin).code == heif_error_Ok;
}

static struct heif_image_handle *primary(struct heif_context *context, const unsigned char *data,
                                         size_t size)
{
    struct heif_image_handle *handle = NULL;
    heif_context_set_max_decoding_threads(context, 0);
    if (heif_context_read_from_memory_without_copy(context, data, size, NULL).code !=
            heif_error_Ok ||
        heif_context_get_primary_image_handle(context, &handle).code != heif_error_Ok)
        return NULL;
    return handle;
}

bool heic_size(const unsigned char *data, size_t size, int32_t *ret_width, int32_t *ret_height)
{
    struct heif_context *context = heif_context_alloc();
    struct heif_image_handle *handle = context == NULL ? NULL : primary(context, data, size);
    if (handle != NULL) {
        *ret_width = heif_image_handle_get_width(handle);
        *ret_height = heif_image_handle_get_height(handle);
        heif_image_handle_release(handle);
    }
    if (context != NULL)
        heif_context_free(context);
    return handle != NULL;
}

static gdImagePtr picture_of(const struct heif_image *image)
{
    int stride, width = heif_image_get_width(image, heif_channel_interleaved),
                height = heif_image_get_height(image, heif_channel_interleaved);
    const uint8_t *plane = heif_image_get_plane_readonly(image, heif_channel_interleaved, &stride);
    gdImagePtr picture =
        plane == NULL || width < 1 || height < 1 ? NULL : gdImageCreateTrueColor(width, height);
    for (int y = 0; picture != NULL && y < height; y++) {
        const uint8_t *at = plane + (size_t)y * (size_t)stride;
        for (int x = 0; x < width; x++, at += 3)
            picture->tpixels[y][x] = gdTrueColor(at[0], at[1], at[2]);
    }
    return picture;
}

gdImagePtr heic_decode(const unsigned char *data, size_t size)
{
    struct heif_context *context = heif_context_alloc();
    struct heif_image_handle *handle = context == NULL ? NULL : primary(context, data, size);
    struct heif_decoding_options *options = heif_decoding_options_alloc();
    struct heif_image *image = NULL;
    gdImagePtr picture = NULL;
    if (handle == NULL || options == NULL)
        goto out;
    options->convert_hdr_to_8bit = 1;
    if (heif_decode_image(handle, &image, heif_colorspace_RGB, heif_chroma_interleaved_RGB, options)
            .code == heif_error_Ok)
        picture = picture_of(image);
out:
    if (image != NULL)
        heif_image_release(image);
    if (options != NULL)
        heif_decoding_options_free(options);
    if (handle != NULL)
        heif_image_handle_release(handle);
    if (context != NULL)
        heif_context_free(context);
    return picture;
}
