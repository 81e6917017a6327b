import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { conversationOn } from './conversation.ts';

/** Two streams that a conversation takes for a terminal, or not. */
function streams(isTTY: boolean): { input: PassThrough; output: PassThrough } {
  const input = new PassThrough();
  const output = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  return { input, output };
}

test('lines typed ahead answer the questions that come later, also after the end of the input', async () => {
  const { input, output } = streams(false);
  input.end('one\ntwo\n');
  const answers = conversationOn(
    input,
    output,
  )(async ask => [await ask('first? '), await ask('second? ')]);
  expect(await answers).toEqual(['one', 'two']);
});

test('an input that ends before the answer breaks it off', async () => {
  const { input, output } = streams(false);
  input.end('one\n');
  const answers = conversationOn(
    input,
    output,
  )(async ask => [await ask('first? '), await ask('second? ')]);
  await expect(answers).rejects.toMatchObject({ code: 'interrupted', message: '' });
});

test.each([
  ['Ctrl-C', '\u0003'],
  ['Ctrl-D', '\u0004'],
])('%s at a question breaks it off', async (_, key) => {
  const { input, output } = streams(true);
  const answers = conversationOn(input, output)(ask => ask('sure? '));
  input.write(key);
  await expect(answers).rejects.toMatchObject({ code: 'interrupted' });
});

test('Ctrl-C breaks off also what goes on between two questions', async () => {
  const { input, output } = streams(true);
  const answers = conversationOn(input, output)(() => new Promise(() => undefined));
  input.write('\u0003');
  await expect(answers).rejects.toMatchObject({ code: 'interrupted' });
});

test('the question stands before what is typed', async () => {
  const { input, output } = streams(false);
  const answer = conversationOn(input, output)(ask => ask('sure? '));
  input.write('yes\n');
  expect(await answer).toBe('yes');
  expect(String(output.read())).toBe('sure? ');
});
