/* Why a call did not work, with words to show: the gateway's problem document (RFC 9457), or our own when it was
   not reached. */
import type { components } from '#contract';

export type ProblemDocument = components['schemas']['Problem'];

/* Messages by field name; a row of a form takes its own away when it is edited. */
export type FieldErrors = Record<string, string>;

const sessionReasons = ['log_in_first', 'session_over'];
const unsettledStatuses = [0, 502, 503, 504];

export class Problem extends Error {
  readonly status: number; // 0: no answer came
  readonly reason: string;
  readonly requestId: string;
  readonly retryAfterS: number;
  readonly fields: { field: string; message: string }[];

  constructor(document: Partial<ProblemDocument>) {
    super(document.detail || '系统出现错误，请稍后再试。');
    this.status = document.status ?? 0;
    this.reason = document.reason ?? '';
    this.requestId = document.request_id ?? '';
    this.retryAfterS = document.retry_after_s ?? 0;
    this.fields = document.errors ?? [];
  }

  get isSessionOver(): boolean {
    return this.status === 401 && sessionReasons.includes(this.reason);
  }

  /* Nobody knows whether it was done: to be repeated with the same key. */
  get isUnsettled(): boolean {
    return unsettledStatuses.includes(this.status);
  }

  /* By the name on the form: "form.owner_unit.uscc" → uscc, "form.expert.qualifications.0.certificate_files.1" →
     qualifications.0.certificate_files. */
  fieldErrors(): FieldErrors {
    const errors: FieldErrors = {};
    for (const { field, message } of this.fields) {
      const name = field.replace(/^(?:form|fields)\.\w+\./, '').replace(/\.\d+$/, '');
      errors[name] ??= message;
    }
    return errors;
  }
}

export function unreachable(): Problem {
  return new Problem({ reason: 'unreachable', detail: '网络连接不上，请检查网络后重试。您填写的内容不会丢失。' });
}

/* The answer of something that is not our gateway (a proxy, a hotel's Wi-Fi page) has no document. */
export function problemOf(status: number, body: unknown): Problem {
  if (typeof body === 'object' && body !== null && 'reason' in body)
    return new Problem(body as Partial<ProblemDocument>);
  return new Problem({ status, reason: 'foreign_answer', detail: `系统暂时无法访问（${status}），请稍后再试。` });
}
