/**
 * A pool that a test scripts: HTTP on a unix socket in a folder of its own, one answer after another for each action, the
 * last one again and again. Keeps what it was asked.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CacheCluster, CacheNode } from '@shoal/pool/api-client';

export interface Refusal {
  readonly refuse: string;
  readonly message: string;
}

export class FakePool {
  readonly dataDirectory = mkdtempSync(join(tmpdir(), 'shoal-cli-'));
  readonly asked: { action: string; request: unknown }[] = [];
  readonly #answers = new Map<string, (object | Refusal)[]>();
  readonly #server: Server;
  #onAsked: () => void = () => {};

  constructor() {
    this.#server = createServer((request, response) => {
      const action = (request.url ?? '').replace('/actions/', '');
      let body = '';
      request.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      request.on('end', () => {
        this.asked.push({ action, request: JSON.parse(body) });
        this.#onAsked();
        const answer = this.#next(action);
        const isRefusal = 'refuse' in answer;
        response.statusCode = isRefusal ? 400 : 200;
        response.end(JSON.stringify(isRefusal ? { code: answer.refuse, message: answer.message } : answer));
      });
    });
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.socketPath, resolve));
  }

  get socketPath(): string {
    return join(this.dataDirectory, 'pool.sock');
  }

  /** Resolves once this action was asked for so many times. */
  hasAsked(action: string, times: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onAsked = () => {
        if (this.asked.filter((each) => each.action === action).length >= times) resolve();
      };
    });
  }

  answer(action: string, ...answers: (object | Refusal)[]): void {
    this.#answers.set(action, answers);
  }

  close(): Promise<void> {
    return new Promise((resolve) =>
      this.#server.close(() => {
        rmSync(this.dataDirectory, { recursive: true });
        resolve();
      }),
    );
  }

  #next(action: string): object | Refusal {
    const answers = this.#answers.get(action) ?? [];
    if (answers.length > 1) return answers.shift()!;
    return answers[0] ?? { refuse: 'InvalidAction', message: `no answer for ${action}` };
  }
}

export function cacheNode(id: string, changes: Partial<CacheNode> = {}): CacheNode {
  const port = 11211 + Number(id);
  return {
    CacheNodeId: id,
    CacheNodeStatus: 'available',
    CacheNodeCreateTime: '2026-11-23T06:00:00.000Z',
    Endpoint: { Address: '127.0.0.1', Port: port },
    ParameterGroupStatus: 'in-sync',
    CustomerAvailabilityZone: 'local',
    Shoal: {
      Phase: 'available',
      Location: { Hostname: '127.0.0.1', Ip: '127.0.0.1', Port: port },
      ListenerLocations: {},
      Handle: `pid 47${id}`,
      Health: 'healthy',
      HealthReason: null,
      ConfigVersion: 7,
      DrainUntil: null,
      Failures: { Count: 0, LastTime: null, LastReason: null, RetryTime: null },
    },
    ...changes,
  };
}

export function cacheCluster(id: string, changes: Partial<CacheCluster> = {}): CacheCluster {
  return {
    CacheClusterId: id,
    ARN: `arn:aws:elasticache:local:000000000000:cluster:${id}`,
    CacheClusterStatus: 'available',
    Engine: 'memcached',
    EngineVersion: '1.6.45',
    CacheNodeType: 'cache.shoal',
    NumCacheNodes: 2,
    PendingModifiedValues: {},
    PreferredAvailabilityZone: 'local',
    CacheClusterCreateTime: '2026-11-23T06:00:00.000Z',
    ConfigurationEndpoint: { Address: '127.0.0.1', Port: 11211 },
    CacheSecurityGroups: [],
    SecurityGroups: [],
    CacheParameterGroup: {
      CacheParameterGroupName: 'default.memcached1.6',
      ParameterApplyStatus: 'in-sync',
      CacheNodeIdsToReboot: [],
    },
    AutoMinorVersionUpgrade: false,
    TransitEncryptionEnabled: false,
    AtRestEncryptionEnabled: false,
    AuthTokenEnabled: false,
    NetworkType: 'ipv4',
    IpDiscovery: 'ipv4',
    ReplicationGroupLogDeliveryEnabled: false,
    CacheNodes: [cacheNode('0001'), cacheNode('0002')],
    Shoal: {
      Driver: 'process',
      OwnerId: 'a',
      Version: 7,
      MemoryMegabytes: 64,
      Threads: 1,
      DrainSeconds: 75,
      DeadReads: 'error',
      Problems: [],
    },
    ...changes,
  };
}
