import { connectEngine } from '../../src/docker/index.js';
import { describeEngine } from '../support/engine-suite.js';

describeEngine('docker', () => connectEngine({ logDriver: 'none' }));
