/* Copy buttons: shown where the browser can copy. The collection code: shown if the association gave one. Without this file
   the page says everything all the same. */
for (const button of document.querySelectorAll('[data-copy]')) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = '已复制';
    } catch {
      button.textContent = '请长按复制';
    }
    setTimeout(() => (button.textContent = '复制'), 2000);
  });
}

for (const picture of document.querySelectorAll('[data-picture]')) {
  const show = () => {
    picture.hidden = false;
    for (const words of document.querySelectorAll('[data-no-picture]')) words.hidden = true;
  };
  if (picture.complete && picture.naturalWidth > 0) show();
  else picture.addEventListener('load', show);
}
