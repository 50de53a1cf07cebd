/** Enough of k6 to run a client of `k6/lib` in Node: canned answers, counted metrics. */

export interface Added {
  readonly metric: string;
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Canned {
  readonly status: number;
  readonly body: string;
  readonly error_code?: number;
  readonly error?: string;
}

/** Shared by the fake modules and the test that looks at them. */
export const shim = {
  added: [] as Added[],
  requests: [] as { method: string; url: string; body: string | null }[],
  answer: (_method: string, _url: string, _body: string | null): Canned => ({
    status: 200,
    body: '',
  }),
  scenario: { name: 'measure', startTime: 0, iterationInTest: 1 },
  sleptS: 0,
};

class Metric {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  add(value: number | boolean, tags: Record<string, string> = {}): void {
    shim.added.push({ metric: this.name, value: Number(value), tags });
  }
}

export const metricsModule = { Trend: Metric, Counter: Metric, Rate: Metric };

export const k6Module = {
  check: () => true,
  sleep(seconds: number) {
    shim.sleptS += seconds;
  },
};

export const executionModule = {
  default: {
    get scenario() {
      return shim.scenario;
    },
    vu: { idInTest: 1 },
  },
};

export const httpModule = {
  default: {
    request(method: string, url: string, body: string | null) {
      shim.requests.push({ method, url, body });
      const canned = shim.answer(method, url, body);
      return { error_code: 0, error: '', timings: { duration: 2 }, ...canned };
    },
  },
};
