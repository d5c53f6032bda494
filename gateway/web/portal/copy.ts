/* A button that copies: a phone has no mouse to mark with. */
import { ElMessage } from 'element-plus';

export async function copyText(label: string, value: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(value);
    ElMessage.success(`已复制${label}。`);
  } catch {
    ElMessage.warning('浏览器不允许复制，请长按文字选择。');
  }
}
