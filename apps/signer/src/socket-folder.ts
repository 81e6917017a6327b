import { existsSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * That a socket has a folder to lie in: the system would say that access is denied.
 * @throws Error naming the path
 */
export function assertFolderOf(path: string): void {
  if (!existsSync(dirname(path))) throw new Error(`${path}: there is no folder for this socket`);
}
