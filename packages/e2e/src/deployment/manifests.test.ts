/**
 * The manifests for Kubernetes: each is valid by Kubernetes' own schemas, which say nothing of a field that they do not know,
 * and they fit together: names, ports, selectors, secrets and flags that one says and another means.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';

const FOLDER = fileURLToPath(new URL('../../../../deploy/kubernetes', import.meta.url));
/** For kustomize, not for the API server. */
const KUSTOMIZATION = 'kustomization.yaml';

// biome-ignore lint/suspicious/noExplicitAny: documents of any kind, read as they stand
type Manifest = any;

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

function documentsOf(file: string): Manifest[] {
  const parsed = parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8'), { uniqueKeys: true });
  for (const document of parsed) if (document.errors.length > 0) throw document.errors[0];
  return parsed.map((document) => document.toJS());
}

const manifests = files.filter((name) => name !== KUSTOMIZATION).flatMap(documentsOf);
const named = manifests.map((manifest): [string, Manifest] => [`${manifest.kind} ${manifest.metadata.name}`, manifest]);
const ofKind = (...kinds: string[]) => manifests.filter(({ kind }) => kinds.includes(kind));
const workloads = ofKind('StatefulSet', 'Deployment');

async function validate(manifest: Manifest): Promise<void> {
  const models = await import(`kubernetes-models/${manifest.apiVersion}`);
  new models[manifest.kind](manifest).validate();
}

describe('the manifests', () => {
  test.each(named)('%s is what its schema says', async (_, manifest) => {
    await validate(manifest);
  });

  test.each(named)('%s would be refused with a field of a wrong kind', async (_, manifest) => {
    await expect(validate({ ...manifest, metadata: { ...manifest.metadata, labels: 5 } })).rejects.toThrow('labels');
  });

  test('are all listed for kustomize, and nothing else is', () => {
    const [{ resources }] = documentsOf(KUSTOMIZATION);
    expect([...resources].sort()).toEqual(files.filter((name) => name !== KUSTOMIZATION).sort());
  });

  test('all live in the namespace that they make', () => {
    const [namespace] = ofKind('Namespace');
    const others = manifests.filter(({ kind }) => kind !== 'Namespace');
    expect(new Set(others.map(({ metadata }) => metadata.namespace))).toEqual(new Set([namespace.metadata.name]));
  });
});

describe('what belongs together', () => {
  test.each(workloads.map((workload) => [workload.metadata.name, workload]))(
    '%s selects its own pods',
    (_, workload) => {
      expect(workload.spec.template.metadata.labels).toEqual(workload.spec.selector.matchLabels);
    },
  );

  test.each(ofKind('Service').map((service) => [service.metadata.name, service]))(
    'service %s leads to a named port of one workload',
    (_, { spec }) => {
      const behind = workloads.filter(({ spec: { template } }) =>
        Object.entries(spec.selector).every(([key, value]) => template.metadata.labels[key] === value),
      );
      expect(behind).toHaveLength(1);
      const ports = behind[0].spec.template.spec.containers[0].ports;
      for (const { targetPort, port } of spec.ports) {
        expect(ports).toContainEqual({ name: targetPort, containerPort: port });
      }
    },
  );

  test('nodes have names through a headless service, also while they leave', () => {
    const [nodes] = ofKind('StatefulSet');
    const service = ofKind('Service').find(({ metadata }) => metadata.name === nodes.spec.serviceName);
    expect(service.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
    const [{ args }] = nodes.spec.template.spec.containers;
    const advertised = `--advertise=$(POD_NAME).${service.metadata.name}.$(POD_NAMESPACE).svc.cluster.local:11211`;
    expect(args).toContain(advertised);
  });

  test('nodes register where the pool listens, for a cluster that it makes, with the same token', () => {
    const [pool, node] = ['Deployment', 'StatefulSet'].map((kind) => ofKind(kind)[0].spec.template.spec.containers[0]);
    const flag = (container: Manifest, name: string) =>
      container.args.find((word: string) => word.startsWith(`--${name}=`))?.split('=')[1];
    const [host, port] = flag(node, 'pool').split(':');
    const service = ofKind('Service').find(({ metadata }) => metadata.name === host);
    expect(service.spec.ports).toContainEqual({ name: 'registration', port: Number(port), targetPort: 'registration' });
    expect(flag(pool, 'registration')).toBe(`0.0.0.0:${port}`);
    expect(flag(node, 'cluster')).toBe(flag(pool, 'cluster'));
    const token = (container: Manifest) => container.env.find(({ name }: Manifest) => name === 'SHOAL_POOL_TOKEN');
    expect(token(node)).toEqual(token(pool));
    const [secret] = ofKind('Secret');
    const { name, key } = token(node).valueFrom.secretKeyRef;
    expect([name, Object.keys(secret.stringData)]).toEqual([secret.metadata.name, [key]]);
  });

  test('the pool keeps its registry in a volume that exists', () => {
    const { containers, volumes } = ofKind('Deployment')[0].spec.template.spec;
    const directory = containers[0].args.find((word: string) => word.startsWith('--data-dir=')).split('=')[1];
    const mount = containers[0].volumeMounts.find(({ mountPath }: Manifest) => mountPath === directory);
    const volume = volumes.find(({ name }: Manifest) => name === mount.name);
    const [claim] = ofKind('PersistentVolumeClaim');
    expect(volume.persistentVolumeClaim.claimName).toBe(claim.metadata.name);
  });
});
