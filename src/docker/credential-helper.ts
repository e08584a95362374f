/** `docker-credential-<name> get`: the server's name on stdin, JSON on stdout. */
import { spawn } from 'node:child_process';

export interface HelperAnswer {
  username: string;
  secret: string;
}

const MOST_BYTES = 1024 * 1024;
const NOT_FOUND = /credentials not found/i;

/**
 * Undefined: the helper knows no credentials for this server.
 *
 * @throws Error with a sentence for the user; what the helper printed is not in it
 */
export async function askHelper(
  name: string,
  server: string,
  options: { env: NodeJS.ProcessEnv; helperMs: number },
): Promise<HelperAnswer | undefined> {
  if (typeof name !== 'string' || !/^[\w.-]+$/.test(name)) {
    throw new Error(`the docker config names ${JSON.stringify(name)} as credential helper, which is no such name`);
  }
  const command = `docker-credential-${name}`;
  const { code, output } = await run(command, server, options);
  if (code !== 0 && NOT_FOUND.test(output)) return undefined;
  if (code !== 0) throw new Error(`${command} failed (exit status ${code})`);
  const answer = parse(output);
  if (typeof answer?.Username !== 'string' || typeof answer.Secret !== 'string') {
    throw new Error(`${command} answered something else than credentials`);
  }
  return answer.Secret === '' ? undefined : { username: answer.Username, secret: answer.Secret };
}

function parse(output: string): { Username?: unknown; Secret?: unknown } | undefined {
  try {
    return JSON.parse(output);
  } catch {
    return undefined;
  }
}

function run(
  command: string,
  input: string,
  { env, helperMs }: { env: NodeJS.ProcessEnv; helperMs: number },
): Promise<{ code: number | string; output: string }> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${command} ${why}`));
    const child = spawn(command, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`did not answer in ${helperMs / 1000} s`);
    }, helperMs);
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MOST_BYTES) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      fail(error.code === 'ENOENT' ? 'is not on the PATH' : `could not be run (${error.code})`);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? signal ?? 'unknown', output: Buffer.concat(chunks).toString() });
    });
    // A helper may answer without reading; its exit status says whether that was right.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
