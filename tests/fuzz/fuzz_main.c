/* Runs a fuzz target without libFuzzer: each file of a folder as it is, then for two seconds mutations of them, always the
   same for the same seed.

       fuzz-NAME FOLDER [SEED]

   With clang's -fsanitize=fuzzer the targets link without this file. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SEEDS_MAX = 256, INPUT_MAX = 64 * 1024, MUTATIONS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    uint8_t *data;
    size_t size;
} seeds[SEEDS_MAX];
static size_t seeds_count;

/* xorshift64*: good enough to shake things, and the same everywhere. */
static uint64_t state;
static size_t chance(size_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (size_t)((state * UINT64_C(2685821657736338717)) >> 32) % below;
}

static void read_seeds(const char *folder)
{
    char path[4096];
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        FILE *file = entries[i]->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (file != NULL && seeds_count < SEEDS_MAX) {
            seeds[seeds_count].data = malloc(INPUT_MAX);
            if (seeds[seeds_count].data == NULL)
                abort();
            seeds[seeds_count].size = fread(seeds[seeds_count].data, 1, INPUT_MAX, file);
            seeds_count++;
        }
        if (file != NULL)
            fclose(file);
        free(entries[i]);
    }
    free(entries);
}

/* A byte changed, a piece removed, doubled, or taken from another seed. */
static size_t mutate(uint8_t *data, size_t size)
{
    size_t at = size == 0 ? 0 : chance(size), length = 1 + chance(16), other = chance(seeds_count);
    switch (chance(4)) {
    case 0:
        if (size > 0)
            data[at] = (uint8_t)chance(256);
        return size;
    case 1:
        length = length > size - at ? size - at : length;
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    case 2:
        length = length > size - at ? size - at : length;
        if (size + length > INPUT_MAX)
            return size;
        memmove(data + at + length, data + at, size - at);
        return size + length;
    default:
        length = length > seeds[other].size ? seeds[other].size : length;
        if (size + length > INPUT_MAX)
            return size;
        memmove(data + at + length, data + at, size - at);
        memcpy(data + at, seeds[other].data + chance(seeds[other].size - length + 1), length);
        return size + length;
    }
}

static void try_exactly(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1); /* so that a sanitizer sees a byte read too far */
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    copy = realloc(copy, size == 0 ? 1 : size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

int main(int argc, char **argv)
{
    static uint8_t input[INPUT_MAX];
    time_t end = time(NULL) + 2;
    unsigned long runs = 0;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) | 1 : 1;
    if (argc < 2)
        return 2;
    read_seeds(argv[1]);
    if (seeds_count == 0) {
        fprintf(stderr, "%s holds no seeds\n", argv[1]);
        return 1;
    }
    for (size_t i = 0; i < seeds_count; i++)
        try_exactly(seeds[i].data, seeds[i].size);
    for (; time(NULL) < end; runs++) {
        size_t seed = chance(seeds_count), size = seeds[seed].size;
        memcpy(input, seeds[seed].data, size);
        for (size_t n = 1 + chance(MUTATIONS_MAX); n > 0; n--)
            size = mutate(input, size);
        try_exactly(input, size);
    }
    for (size_t i = 0; i < seeds_count; i++)
        free(seeds[i].data);
    printf("%lu inputs\n", runs);
    return 0;
}
