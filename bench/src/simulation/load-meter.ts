// How many questions nodes and the endpoint are asked in each second, and how many bytes they answer, over one period of the
// story. A second of one node is the unit: its distribution shows the mean and the worst alike.
//
// Used by fleet.ts, a meter a period. Holds one number a node and a histogram; counts above its last bucket fall there.
export interface LoadReport {
  readonly seconds: number;
  /** All that was asked of anyone, in the mean and the worst second. */
  readonly questionsMean: number;
  readonly questionsPeak: number;
  /** Of one node that serves. */
  readonly nodeQuestionsMean: number;
  readonly nodeQuestionsP99: number;
  readonly nodeQuestionsPeak: number;
  readonly nodeBytesMean: number;
  readonly nodeBytesPeak: number;
  readonly endpointQuestionsMean: number;
  readonly endpointQuestionsPeak: number;
  readonly endpointBytesPeak: number;
}

const BUCKETS = 1 << 16;

export class LoadMeter {
  #asked = new Uint32Array(0);
  #bytes = new Float64Array(0);
  readonly #nodeSeconds = new Uint32Array(BUCKETS);
  #nodeSecondCount = 0;
  #seconds = 0;
  #questions = 0;
  #questionsNow = 0;
  #questionsPeak = 0;
  #nodeQuestions = 0;
  #nodeBytes = 0;
  #nodeQuestionsPeak = 0;
  #nodeBytesPeak = 0;
  #endpointQuestions = 0;
  #endpointNow = 0;
  #endpointBytesNow = 0;
  #endpointPeak = 0;
  #endpointBytesPeak = 0;

  noteNode(node: number, answerBytes: number): void {
    if (node >= this.#asked.length) this.#grow(node);
    this.#asked[node]++;
    this.#bytes[node] += answerBytes;
    this.#questionsNow++;
  }

  noteEndpoint(answerBytes: number): void {
    this.#endpointNow++;
    this.#endpointBytesNow += answerBytes;
    this.#questionsNow++;
  }

  /** A second is over, in which so many nodes served: the others count only if they were asked all the same. */
  endSecond(servingCount: number): void {
    let askedCount = 0;
    for (let node = 0; node < this.#asked.length; node++) {
      const asked = this.#asked[node];
      if (asked === 0) continue;
      askedCount++;
      this.#nodeSeconds[Math.min(asked, BUCKETS - 1)]++;
      this.#nodeQuestions += asked;
      this.#nodeBytes += this.#bytes[node];
      if (asked > this.#nodeQuestionsPeak) this.#nodeQuestionsPeak = asked;
      if (this.#bytes[node] > this.#nodeBytesPeak) this.#nodeBytesPeak = this.#bytes[node];
    }
    const served = Math.max(servingCount, askedCount);
    this.#nodeSeconds[0] += served - askedCount;
    this.#nodeSecondCount += served;
    this.#asked.fill(0);
    this.#bytes.fill(0);
    this.#endSecondOfAll();
  }

  #endSecondOfAll(): void {
    this.#seconds++;
    this.#questions += this.#questionsNow;
    this.#questionsPeak = Math.max(this.#questionsPeak, this.#questionsNow);
    this.#endpointQuestions += this.#endpointNow;
    this.#endpointPeak = Math.max(this.#endpointPeak, this.#endpointNow);
    this.#endpointBytesPeak = Math.max(this.#endpointBytesPeak, this.#endpointBytesNow);
    this.#questionsNow = 0;
    this.#endpointNow = 0;
    this.#endpointBytesNow = 0;
  }

  report(): LoadReport {
    return {
      seconds: this.#seconds,
      questionsMean: this.#questions / this.#seconds,
      questionsPeak: this.#questionsPeak,
      nodeQuestionsMean: this.#nodeQuestions / this.#nodeSecondCount,
      nodeQuestionsP99: this.#nodeSecondsQuantile(0.99),
      nodeQuestionsPeak: this.#nodeQuestionsPeak,
      nodeBytesMean: this.#nodeBytes / this.#nodeSecondCount,
      nodeBytesPeak: this.#nodeBytesPeak,
      endpointQuestionsMean: this.#endpointQuestions / this.#seconds,
      endpointQuestionsPeak: this.#endpointPeak,
      endpointBytesPeak: this.#endpointBytesPeak,
    };
  }

  #nodeSecondsQuantile(share: number): number {
    const wanted = share * this.#nodeSecondCount;
    let seen = 0;
    for (let asked = 0; asked < BUCKETS; asked++) {
      seen += this.#nodeSeconds[asked];
      if (seen >= wanted) return asked;
    }
    return BUCKETS - 1;
  }

  #grow(node: number): void {
    const length = Math.max(64, 2 ** Math.ceil(Math.log2(node + 1)));
    const [asked, bytes] = [new Uint32Array(length), new Float64Array(length)];
    asked.set(this.#asked);
    bytes.set(this.#bytes);
    this.#asked = asked;
    this.#bytes = bytes;
  }
}
