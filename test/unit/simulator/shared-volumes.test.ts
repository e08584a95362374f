import { describe, expect, it } from 'vitest';
import { checkSharedVolumes, readSharedVolumes } from '../../../src/simulator/inputs/shared-volumes.js';

describe('--shared-volume', () => {
  it('takes a folder from where the user is', () => {
    expect(readSharedVolumes(['tools=src', 'etc=/etc'])).toEqual({ tools: `${process.cwd()}/src`, etc: '/etc' });
  });

  it('is refused where nothing is, and where no run has the volume', () => {
    expect(() => readSharedVolumes(['tools=/no/such/folder'])).toThrow('/no/such/folder is not there');
    const runs = [null, undefined, { tools: '/opt/tools' }];
    expect(() => checkSharedVolumes({ tool: '/etc' }, runs)).toThrow('no run here has such a volume. They have tools.');
    expect(() => checkSharedVolumes({ tool: '/etc' }, [null])).toThrow('They have none at all.');
    expect(() => checkSharedVolumes({ tools: '/etc' }, runs)).not.toThrow();
  });
});
