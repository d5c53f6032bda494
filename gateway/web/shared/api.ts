/* The one client. `api.saveDraft({kind, version, form})`: every operation of the contract by its name, its
   request as one object (the path and the query take their part of it, the body the rest), its reply typed; a
   refusal is thrown as a Problem. Nothing else in the pages knows a URL or an HTTP status. */
import type { components, operations } from '#contract';
import operationTable from '#operations';
import { begunKey, forgetBegun, keepBegun, markOf } from './begun';
import { isPassing, patiently } from './patience';
import { Problem, problemOf, unreachable } from './problem';
import { forgetUnsettled, hurtsTwice, keepUnsettled, markOfWrite, unsettledKey } from './unsettled';

export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

type Operations = operations;
type Nothing = Record<never, never>;
type PathOf<O> = O extends { parameters: { path: infer Path } } ? Path : Nothing;
type QueryOf<O> = O extends { parameters: { query?: infer Query } }
  ? [NonNullable<Query>] extends [never] ? Nothing : NonNullable<Query>
  : Nothing;
type BodyOf<O> = O extends { requestBody: { content: { 'application/json': infer Body } } } ? Body : Nothing;
type ReplyOf<O> = O extends { responses: { 200: { content: { 'application/json': infer Reply } } } }
  ? Reply
  : O extends { responses: { 201: { content: { 'application/json': infer Reply } } } } ? Reply : never;

export type Request<Name extends keyof Operations> = PathOf<Operations[Name]> & QueryOf<Operations[Name]> &
  BodyOf<Operations[Name]>;
export type Reply<Name extends keyof Operations> = ReplyOf<Operations[Name]>;

export interface CallOptions {
  /* A page that wants to know whether somebody is logged in: no log-in dialog, the problem is thrown. */
  quiet?: boolean;
  signal?: AbortSignal;
}

type Call<Name extends keyof Operations> = Nothing extends Request<Name>
  ? (request?: Request<Name>, options?: CallOptions) => Promise<Reply<Name>>
  : (request: Request<Name>, options?: CallOptions) => Promise<Reply<Name>>;
export type Api = { [Name in keyof Operations]: Call<Name> };

interface Operation {
  verb: string;
  path: string;
  query: string[];
}
type Values = Record<string, unknown>;

const table = operationTable as Record<keyof Operations, Operation>;

/* ---- the address and the body of one request */

function splitRequest(operation: Operation, request: Values): { url: string; body: Values } {
  const body: Values = { ...request };
  const take = (name: string) => {
    const value = body[name];
    delete body[name];
    return value;
  };
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(take(name))));
  const query = new URLSearchParams();
  for (const name of operation.query) {
    const value = take(name);
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  const search = query.toString();
  return { url: search === '' ? path : `${path}?${search}`, body };
}

/* Whose files: of the identities' forms, or of payments; as their owner, or as staff. */
export type FilesOf = 'member' | 'staff' | 'payment' | 'staffPayment';

const fileReading: Record<FilesOf, keyof Operations> = {
  member: 'readAttachment', staff: 'staffReadAttachment', payment: 'readPaymentFile', staffPayment: 'staffReadPaymentFile',
};
const fileTaking: Record<FilesOf, 'uploadAttachment' | 'uploadRecordedLetter' | 'uploadVoucherFile' | 'uploadReceiptFile'> = {
  member: 'uploadAttachment', staff: 'uploadRecordedLetter', payment: 'uploadVoucherFile', staffPayment: 'uploadReceiptFile',
};

/* The address of a file's content, for <img src> and links. */
export function attachmentUrl(of: FilesOf, id: string, thumbnail = false): string {
  return splitRequest(table[fileReading[of]], { id, thumbnail: thumbnail || undefined }).url;
}

/* The address of a printable document. */
export function documentUrl<Name extends 'readDocument' | 'readReviewDocument' | 'readPaymentSlip' | 'readCertificate' | 'readDrawDocument' | 'readCollectionCode' | 'readPaperDocument' | 'readBlankForm' | 'readDuesMonth' | 'readDuesReceived' | 'readBadge' | 'readStaffCertificate' | 'readAppointment' | 'readStaffAppointment'>(name: Name, request: Request<Name>): string {
  return splitRequest(table[name], request).url;
}

/* ---- idempotency: a write has a key, which its repeats have, too (unsettled.ts) */

function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/* ---- an expired session asks for log-in over the page; the request waits and is repeated */

let askForLogIn: (() => Promise<boolean>) | undefined;
let logInUnderWay: Promise<boolean> | undefined;

/* `handler` shows the dialog; true: somebody logged in and the requests may be repeated. */
export function onSessionOver(handler: () => Promise<boolean>): void {
  askForLogIn = handler;
}

async function mayRepeat(problem: Problem, options: CallOptions): Promise<boolean> {
  if (!problem.isSessionOver || options.quiet || askForLogIn === undefined) return false;
  logInUnderWay ??= askForLogIn().finally(() => {
    logInUnderWay = undefined;
  });
  return logInUnderWay;
}

/* ---- sending */

async function readAnswer(answer: Response): Promise<unknown> {
  const isJson = /json/.test(answer.headers.get('Content-Type') ?? '');
  const body: unknown = isJson ? await answer.json().catch(() => undefined) : undefined;
  if (answer.ok && body !== undefined) return body;
  throw problemOf(answer.status, body);
}

async function send(url: string, init: RequestInit): Promise<unknown> {
  let answer: Response;
  try {
    answer = await fetch(url, { credentials: 'same-origin', ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw unreachable();
  }
  return readAnswer(answer);
}

function initOf(operation: Operation, body: Values, key: string, options: CallOptions): RequestInit {
  const headers: Record<string, string> = { Accept: 'application/json' };
  const init: RequestInit = { method: operation.verb, headers };
  if (options.signal) init.signal = options.signal;
  if (operation.verb === 'GET') return init;
  headers['X-Guild-Request'] = '1';
  headers['Idempotency-Key'] = key;
  if (Object.keys(body).length > 0) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  return init;
}

async function call(name: keyof Operations, request: Values, options: CallOptions): Promise<unknown> {
  const operation = table[name];
  const { url, body } = splitRequest(operation, request);
  const content = `${url} ${JSON.stringify(body)}`;
  const mark = hurtsTwice(name) ? await markOfWrite(name, content) : `${name} ${content}`;
  const key = unsettledKey(mark) ?? newKey();
  for (;;) {
    try {
      if (operation.verb !== 'GET') keepUnsettled(mark, key);
      const reply = await send(url, initOf(operation, body, key, options));
      forgetUnsettled(mark);
      return reply;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (!error.isUnsettled) forgetUnsettled(mark);
      if (!(await mayRepeat(error, options))) throw error;
    }
  }
}

export const api = Object.fromEntries(
  (Object.keys(table) as (keyof Operations)[]).map((name) => [
    name,
    (request: Values = {}, options: CallOptions = {}) => call(name, request, options),
  ]),
) as unknown as Api;

/* ---- uploads: the raw file as the body; XMLHttpRequest, because fetch tells no progress */

export interface Upload<Answer> {
  done: Promise<Answer>;
  cancel: () => void;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function sendFile(xhr: XMLHttpRequest, url: string, key: string, file: Blob, onProgress: (part: number) => void) {
  return new Promise<unknown>((resolve, reject) => {
    xhr.upload.onprogress = (event) => onProgress(event.lengthComputable ? event.loaded / event.total : 0);
    xhr.onerror = () => reject(unreachable());
    xhr.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    xhr.onload = () => {
      const body = parseJson(xhr.responseText);
      if (xhr.status >= 200 && xhr.status < 300) resolve(body);
      else reject(problemOf(xhr.status, body));
    };
    xhr.open('POST', url);
    xhr.setRequestHeader('X-Guild-Request', '1');
    xhr.setRequestHeader('Idempotency-Key', key);
    xhr.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    xhr.send(file);
  });
}

type Taking = 'uploadAttachment' | 'uploadVoucherFile' | 'uploadReceiptFile' | 'uploadPicture' | 'uploadRecordedLetter' | 'uploadPiece' | 'uploadVoucherPiece' | 'previewStatement' | 'importStatement';

/* Once, or after a log-in again. */
async function sendOnce<Name extends Taking>(
  name: Name, request: Request<Name>, file: Blob, key: string, signal: AbortSignal, onProgress: (part: number) => void,
): Promise<Reply<Name>> {
  const { url } = splitRequest(table[name], request);
  const xhr = new XMLHttpRequest();
  const abort = (): void => xhr.abort();
  signal.throwIfAborted();
  signal.addEventListener('abort', abort);
  try {
    return (await sendFile(xhr, url, key, file, onProgress)) as Reply<Name>;
  } catch (error) {
    if (!(error instanceof Problem) || !(await mayRepeat(error, {}))) throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  return sendOnce(name, request, file, key, signal, onProgress);
}

/* An operation whose body is a file; the rest of its request goes into the address. It waits for its turn, and for the
   network; `onWait` is told why, '' when it goes on. Repeats have the same key: what was stored is not stored twice. */
export function upload<Name extends Taking>(
  name: Name, request: Request<Name>, file: Blob, onProgress: (part: number) => void, onWait: (why: string) => void = () => undefined,
): Upload<Reply<Name>> {
  const key = newKey();
  const stop = new AbortController();
  const attempt = (): Promise<Reply<Name>> => sendOnce(name, request, file, key, stop.signal, onProgress);
  return { done: patiently(attempt, stop.signal, onWait), cancel: () => stop.abort() };
}

/* ---- attachments: what is large goes in pieces, and after a break from where it was */

const PIECE_BYTES = 512 * 1024;

/* Where files come in pieces: what takes one, and what tells how far a file is. */
const filePieces: Partial<Record<FilesOf, { piece: 'uploadPiece' | 'uploadVoucherPiece'; reached: 'getUpload' | 'getVoucherUpload' }>> = {
  member: { piece: 'uploadPiece', reached: 'getUpload' }, payment: { piece: 'uploadVoucherPiece', reached: 'getVoucherUpload' },
};

/* How far it is, as the server knows it. */
async function askReached(of: FilesOf, key: string): Promise<Schema<'common.Upload'>> {
  const reached = filePieces[of]?.reached;
  try {
    return reached ? await api[reached]({ key }) : { received_bytes: 0 };
  } catch (error) {
    if (error instanceof Problem && error.reason === 'upload_gone') return { received_bytes: 0 };
    throw error;
  }
}

const marksUnderWay = new Set<string>();

export function uploadAttachment(
  of: FilesOf, purpose: string, file: File, onProgress: (part: number) => void, onWait: (why: string) => void = () => undefined,
): Upload<Schema<'common.Attachment'>> {
  const request = { purpose, file_name: file.name };
  const stop = new AbortController();
  const inPieces = file.size > 2 * PIECE_BYTES ? filePieces[of]?.piece : undefined;
  let mark = '';
  let key = newKey();
  let isAsked = true; // nobody knows how far it is

  const sendFrom = <Name extends Taking>(name: Name, offset: number, end: number): Promise<Reply<Name>> =>
    sendOnce(name, { ...request, offset } as unknown as Request<Name>, file.slice(offset, end, file.type), key, stop.signal,
      (part) => onProgress((offset + part * (end - offset)) / file.size));

  /* Everything but the last piece; where that begins. */
  const sendPieces = async (from: number, onFurther: () => void): Promise<number> => {
    let offset = from;
    while (inPieces && file.size - offset > 2 * PIECE_BYTES) {
      ({ received_bytes: offset } = await sendFrom(inPieces, offset, offset + PIECE_BYTES));
      onFurther();
    }
    return offset;
  };

  let isRenewed = false; // begun once more; not again and again
  const attempt = async (onFurther: () => void): Promise<Schema<'common.Attachment'>> => {
    const { received_bytes: reached, attachment } = isAsked ? await askReached(of, key) : { received_bytes: 0 };
    if (attachment) return attachment;
    isAsked = true;
    try {
      return await sendFrom(fileTaking[of], await sendPieces(reached, onFurther), file.size);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      /* too much was begun: whole, as from a page that knows no pieces */
      if (error.reason === 'upload_quota') return sendFrom(fileTaking[of], 0, file.size);
      if (error.reason !== 'upload_gone' || isRenewed) throw error;
      isRenewed = true;
      key = newKey();
      keepBegun(mark, key);
      return attempt(onFurther);
    }
  };

  const run = async (): Promise<Schema<'common.Attachment'>> => {
    if (filePieces[of]) mark = await markOf(purpose, file.name, file);
    if (marksUnderWay.has(mark)) mark = ''; // the same file chosen twice is two
    else if (mark !== '') marksUnderWay.add(mark);
    const begun = mark === '' ? undefined : begunKey(mark);
    isAsked = begun !== undefined;
    key = begun ?? key;
    keepBegun(mark, key);
    try {
      const attachment = await patiently(attempt, stop.signal, onWait);
      forgetBegun(mark);
      return attachment;
    } catch (error) {
      if (!isPassing(error)) forgetBegun(mark);
      throw error;
    } finally {
      marksUnderWay.delete(mark);
    }
  };
  return { done: run(), cancel: () => stop.abort() };
}
