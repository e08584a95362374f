/**
 * build/sbom.cdx.json: what the published package consists of, as CycloneDX. Everything is bundled, so it is npm's own
 * list for this folder without the packages that are not in the bundle.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { bundled, lock } from './bundle-project.js';

interface Component {
  'bom-ref': string;
}

interface Sbom {
  metadata: { component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

const args = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'];
const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8', maxBuffer: 1 << 26 });
if (status !== 0) {
  console.error(`sbom: NOT DONE. npm says: ${stderr.trim()}`);
  process.exit(3);
}
const all = JSON.parse(stdout) as Sbom;
const wanted = new Set(
  bundled.map(
    (path) =>
      `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${lock.packages[path]?.version}`,
  ),
);
const components = all.components
  .filter((component) => wanted.delete(component['bom-ref']))
  // To npm they are optional, because package.json lists what is bundled for development only.
  .map((component) => ({ ...component, scope: 'required', properties: [] }));
if (wanted.size > 0) throw new Error(`npm does not list ${[...wanted].join(', ')}, which the bundle has.`);
const refs = new Set([all.metadata.component, ...components].map((component) => component['bom-ref']));
const dependencies = all.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));
writeFileSync('build/sbom.cdx.json', `${JSON.stringify({ ...all, components, dependencies }, null, 2)}\n`);
console.log(`sbom: ${components.length} components in build/sbom.cdx.json`);
