import { z } from 'zod';

/** Where a server listens. */
export const listenAddress = (port: number) =>
  z
    .strictObject({
      host: z.string().default('127.0.0.1').meta({ description: 'Address to listen on.' }),
      port: z
        .int()
        .min(0)
        .max(65_535)
        .default(port)
        .meta({ description: 'Port; 0 takes a free one.' }),
    })
    .prefault({});

/** The address of another service. */
export const httpUrl = z
  .string()
  .refine(text => /^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : ''), {
    message: 'an http or https address is expected',
  });

/** How much is logged. */
export const logLevel = z
  .enum(['debug', 'info', 'warn', 'error'])
  .default('info')
  .meta({ description: 'The least serious events that are logged.' });

export { z } from 'zod';
