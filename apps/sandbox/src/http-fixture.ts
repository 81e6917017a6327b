import { request } from 'node:http';

/** What came of a request. */
export type Got = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
};

/** Asks over HTTP on a connection of its own; rejects when the connection fails or the answer is cut. */
export function ask(url: string, method = 'GET', body = ''): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent: false }, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The JSON of an answer. */
export async function json(url: string, method = 'GET', body = ''): Promise<unknown> {
  return JSON.parse((await ask(url, method, body)).body) as unknown;
}

/** A stream that is being read. */
export type Listening = {
  /** Everything that has come, as text. */
  readonly text: () => string;
  /** The next time that something has come for which this holds. */
  readonly until: (holds: (text: string) => boolean) => Promise<string>;
  /** How it ended: `end` in order, `cut` not. */
  readonly over: Promise<'end' | 'cut'>;
  /** Leaves what comes unread. */
  readonly pause: () => void;
  readonly stop: () => void;
};

/** Opens a stream; done when its head has come. */
export function listenTo(url: string): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false }, response => {
      let text = '';
      const waiting = new Set<() => void>();
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        for (const look of [...waiting]) look();
      });
      const over = new Promise<'end' | 'cut'>(done => {
        response.on('error', () => {
          done('cut');
        });
        response.on('end', () => {
          done('end');
        });
      });
      const until = (holds: (text: string) => boolean): Promise<string> =>
        new Promise(found => {
          const look = (): void => {
            if (!holds(text)) return;
            waiting.delete(look);
            found(text);
          };
          waiting.add(look);
          look();
        });
      const pause = (): void => void response.pause();
      resolve({ text: () => text, until, over, pause, stop: () => void sent.destroy() });
    });
    sent.on('error', reject);
    sent.end();
  });
}
