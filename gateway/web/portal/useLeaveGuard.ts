/* A page with a draft is not left before it is saved; what cannot be saved is asked about. */
import type { useDraft } from '@shared/useDraft';
import { ElMessageBox } from 'element-plus';
import { onBeforeUnmount, onMounted } from 'vue';
import { onBeforeRouteLeave } from 'vue-router';

export function useLeaveGuard(draft: Pick<ReturnType<typeof useDraft>, 'flush' | 'isAtRisk'>, isUploading: () => boolean): void {
  function warn(event: BeforeUnloadEvent): void {
    if (draft.isAtRisk.value || isUploading()) event.preventDefault();
  }

  function saveWhenHidden(): void {
    if (document.visibilityState === 'hidden') void draft.flush();
  }

  onMounted(() => {
    window.addEventListener('beforeunload', warn);
    document.addEventListener('visibilitychange', saveWhenHidden);
  });
  onBeforeUnmount(() => {
    window.removeEventListener('beforeunload', warn);
    document.removeEventListener('visibilitychange', saveWhenHidden);
    void draft.flush();
  });
  onBeforeRouteLeave(async () => {
    await draft.flush();
    if (!draft.isAtRisk.value) return true;
    return ElMessageBox.confirm('最近的修改还没有保存，离开后会丢失。', '还没有保存', { confirmButtonText: '仍要离开', cancelButtonText: '留在这里' })
      .then(() => true, () => false);
  });
}
