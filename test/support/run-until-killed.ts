/** A process of its own that runs a container (its spec is the first argument, the engine DOCKER_HOST's), to be killed. */
import { connectEngine } from '../../src/docker/index.js';
import { never } from './containers.js';

const engine = await connectEngine({ logDriver: 'none' });
const container = await engine.create(JSON.parse(process.argv[2] ?? ''), never);
await container.start((chunk) => void process.stdout.write(chunk));
await container.wait();
