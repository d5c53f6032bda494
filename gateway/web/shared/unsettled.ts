/* Writes that were sent and whose end nobody has heard of: a repeat has the key of the first, so that it is done once.

   What would hurt if it were done twice is known to the whole tab, also after the page was loaded anew between the sending
   and the answer; it is known by its operation and the hash of what it says, for ten minutes: longer, and the same words
   may be meant anew (a voucher that was refused meanwhile, and is handed in once more). Other writes are known to the page. */
import type { operations } from '#contract';
import { hashOf } from './hash';
import { keptKeys } from './kept';

const KEPT_MS = 600_000;
const KEPT_MOST = 50;

const hurtTwice: ReadonlySet<keyof operations> = new Set<keyof operations>([
  'submitApplication', 'withdrawApplication', 'handInPaperForm', 'requestHandover', 'answerInvitation', 'requestBill', 'submitVoucher',
  'withdrawVoucher', 'submitPetition', 'askReissue',
  'decideReview', 'requestRevocation', 'decideRevocation', 'decidePaper', 'recordHandover', 'decideHandover', 'createDraw', 'runDraw',
  'inviteDrawn', 'recordReply',
  'recordPayment', 'decideVoucher', 'declinePetition', 'makeBills', 'cancelBill', 'propose', 'decideProposal', 'recordRefund',
  'openMembership', 'undoStatement', 'splitStatementLine', 'refundStatementLine', 'closeDuesMonth', 'sendReceipts', 'issueReceipt',
  'returnReceipt', 'voidReceipt', 'declineReissue',
]);

const ofThisPage = new Map<string, string>();
const ofTheTab = keptKeys(() => sessionStorage, 'guild.unsettled', KEPT_MS, KEPT_MOST);

const isOfTheTab = (mark: string): boolean => mark.startsWith('#');

/* What a write that hurts is known by. Of no other is a hash made: a draft is saved while the page goes. */
export async function markOfWrite(name: keyof operations, content: string): Promise<string> {
  const hash = await hashOf(new TextEncoder().encode(content));
  return hash === '' ? `${name} ${content}` : `#${name} ${hash}`;
}

export const hurtsTwice = (name: keyof operations): boolean => hurtTwice.has(name);

/* The key that it was sent with and not settled; undefined: it is new. */
export const unsettledKey = (mark: string): string | undefined => ofThisPage.get(mark) ?? (isOfTheTab(mark) ? ofTheTab.keyOf(mark) : undefined);

/* Before it is sent. */
export function keepUnsettled(mark: string, key: string): void {
  ofThisPage.set(mark, key);
  if (isOfTheTab(mark)) ofTheTab.keep(mark, key);
}

/* It was answered for good. */
export function forgetUnsettled(mark: string): void {
  ofThisPage.delete(mark);
  if (isOfTheTab(mark)) ofTheTab.forget(mark);
}
