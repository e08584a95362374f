import { connectEngine } from '../../src/docker/engine.js';
import { describeEngine } from '../support/engine-suite.js';

describeEngine('docker', () => connectEngine({ logDriver: 'none' }));
