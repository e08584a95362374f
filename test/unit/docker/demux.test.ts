import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { BrokenStream, FrameDemuxer, LogDemuxer, pumpFrames } from '../../../src/docker/index.js';

const frame = (stream: number, payload: string | Buffer): Buffer => {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(payload), 4);
  return Buffer.concat([header, Buffer.from(payload)]);
};

const BINARY = Buffer.from([0, 1, 0xff, 0xc3, 0x28, 0xe2, 0x82, 0, 10, 13]);
const FRAMES = [
  frame(1, 'out\n'),
  frame(2, 'err'),
  frame(1, ''),
  frame(1, BINARY),
  frame(2, 'é€'.repeat(9)),
  frame(1, 'x'),
];
const STREAM = Buffer.concat(FRAMES);
const TEXT = Buffer.concat(FRAMES.map((each) => each.subarray(8)));

/** Feeds copies: the demuxer works in the buffers it is given. */
const feed = (pieces: Buffer[]): Buffer => {
  const demuxer = new FrameDemuxer();
  const out = Buffer.concat(pieces.map((piece) => Buffer.from(demuxer.push(Buffer.from(piece)))));
  demuxer.end();
  return out;
};

describe('FrameDemuxer', () => {
  it('gives both streams, in order, as one piece a read', () => {
    const out = new FrameDemuxer().push(Buffer.from(STREAM));
    expect(out.equals(TEXT)).toBe(true);
  });

  it('gives the same bytes wherever one cut falls', () => {
    for (let cut = 0; cut <= STREAM.length; cut++) {
      expect(feed([STREAM.subarray(0, cut), STREAM.subarray(cut)]).equals(TEXT), `cut at ${cut}`).toBe(true);
    }
  });

  it('gives the same bytes for every pair of cuts', () => {
    for (let a = 0; a <= STREAM.length; a++) {
      for (let b = a; b <= STREAM.length; b++) {
        const same = feed([STREAM.subarray(0, a), STREAM.subarray(a, b), STREAM.subarray(b)]).equals(TEXT);
        if (!same) expect.fail(`cuts at ${a} and ${b}`);
      }
    }
    expect(feed([...STREAM].map((byte) => Buffer.from([byte]))).equals(TEXT)).toBe(true);
  });

  it('takes an end at exactly the frame borders, and nowhere else', () => {
    const borders = new Set([0]);
    for (const each of FRAMES) borders.add(Math.max(...borders) + each.length);
    for (let cut = 0; cut <= STREAM.length; cut++) {
      const demuxer = new FrameDemuxer();
      demuxer.push(Buffer.from(STREAM.subarray(0, cut)));
      if (borders.has(cut)) expect(() => demuxer.end()).not.toThrow();
      else expect(() => demuxer.end(), `cut at ${cut}`).toThrow(BrokenStream);
    }
  });

  it('copies nothing when a read holds one frame', () => {
    const chunk = frame(1, 'payload');
    expect(new FrameDemuxer().push(chunk).buffer).toBe(chunk.buffer);
  });

  it('passes on what belongs to a frame before the frame is complete', () => {
    const demuxer = new FrameDemuxer();
    expect(demuxer.push(frame(1, 'abcdef').subarray(0, 11)).toString()).toBe('abc');
  });

  it.each([
    ['plain text', Buffer.from('hello world')],
    ['an unknown stream', frame(4, 'x')],
    ['a header with noise', Buffer.from([1, 0, 7, 0, 0, 0, 0, 1, 65])],
    ['a complaint of 4 GiB', Buffer.from([3, 0, 0, 0, 255, 255, 255, 255])],
  ])('refuses %s', (_, bytes) => {
    expect(() => new FrameDemuxer().push(bytes)).toThrow(BrokenStream);
  });

  it("reports the engine's own complaint instead of printing it", () => {
    const demuxer = new FrameDemuxer();
    const bytes = frame(3, 'log driver died');
    expect(demuxer.push(Buffer.from(bytes.subarray(0, 12))).length).toBe(0);
    expect(() => demuxer.push(Buffer.from(bytes.subarray(12)))).toThrow('log driver died');
  });
});

describe('LogDemuxer', () => {
  const claim = (bytes: number) => frame(1, '').fill(255, 4, 8).subarray(0, bytes);

  it('gives the same bytes wherever cuts fall, and leaves out those taken before', () => {
    for (const mend of [false, true]) {
      const pieces = (cut: number) => {
        const demuxer = new LogDemuxer({ stdout: 2, stderr: 1 }, mend);
        const out = [STREAM.subarray(0, cut), STREAM.subarray(cut)].map((piece) => demuxer.push(Buffer.from(piece)));
        demuxer.end();
        return Buffer.concat(out).toString('latin1');
      };
      const whole = pieces(0);
      expect(whole.startsWith('t\nrr')).toBe(true);
      for (let cut = 1; cut <= STREAM.length; cut++) expect(pieces(cut), `cut at ${cut}`).toBe(whole);
    }
  });

  it('holds nothing of a frame that claims 4 GiB: what came of it passes, and its end is a cut', () => {
    const demuxer = new LogDemuxer({ stdout: 0, stderr: 0 }, false);
    expect(demuxer.push(claim(8))).toHaveLength(0);
    for (let i = 0; i < 50; i++) expect(demuxer.push(Buffer.alloc(1000, 'x'))).toHaveLength(1000);
    expect(() => demuxer.end()).toThrow(BrokenStream);
  });

  it('refuses such a frame where it would have to be held', () => {
    const demuxer = new LogDemuxer({ stdout: 0, stderr: 0 }, true);
    expect(() => demuxer.push(claim(8))).toThrow('cannot be read');
  });
});

describe('pumpFrames', () => {
  it('gives the sink one call at a time and reads nothing meanwhile', async () => {
    const stream = new PassThrough({ highWaterMark: 64 });
    const calls: string[] = [];
    const releases: (() => void)[] = [];
    let busy = 0;
    const done = pumpFrames(stream, async (chunk) => {
      expect(++busy).toBe(1);
      calls.push(chunk.toString());
      await new Promise<void>((resolve) => releases.push(resolve));
      busy--;
    });
    stream.write(frame(1, 'a'.repeat(60)));
    await new Promise(setImmediate);
    stream.write(frame(1, 'b'.repeat(60)));
    const accepted = stream.write(frame(1, 'c'.repeat(60)));
    stream.end(frame(2, 'd'));
    await new Promise(setImmediate);
    expect({ accepted, calls: calls.length }).toEqual({ accepted: false, calls: 1 });
    let settled = false;
    done.then(() => {
      settled = true;
    });
    while (!settled) {
      releases.shift()?.();
      await new Promise(setImmediate);
    }
    expect(calls.join('')).toBe(`${'a'.repeat(60)}${'b'.repeat(60)}${'c'.repeat(60)}d`);
  });

  it('resolves only after the last bytes were taken', async () => {
    const stream = new PassThrough();
    let taken = false;
    let release = () => {};
    const done = pumpFrames(stream, async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      taken = true;
    }).then(() => taken);
    stream.end(frame(1, 'last'));
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    release();
    expect(await done).toBe(true);
  });

  it('delivers what came before a cut, then fails', async () => {
    const stream = new PassThrough();
    let out = '';
    const done = pumpFrames(stream, (chunk) => {
      out += chunk;
    });
    stream.end(Buffer.concat([frame(1, 'whole'), frame(1, 'cut here').subarray(0, 11)]));
    await expect(done).rejects.toThrow(BrokenStream);
    expect(out).toBe('wholecut');
  });

  it.each([
    ['broken', (stream: PassThrough) => stream.destroy(new Error('ECONNRESET'))],
    ['closed', (stream: PassThrough) => stream.destroy()],
  ])('fails when the connection is %s', async (_, end) => {
    const stream = new PassThrough();
    const done = pumpFrames(stream, () => {});
    end(stream);
    await expect(done).rejects.toThrow(BrokenStream);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
  ])("fails with the sink's own error when it %s, and closes the stream", async (_, sink) => {
    const stream = new PassThrough();
    const done = pumpFrames(stream, sink);
    stream.write(frame(1, 'x'));
    await expect(done).rejects.toThrow('disk full');
    expect(stream.destroyed).toBe(true);
  });
});
