/**
 * How many requests may be under way: grows while the store keeps up, halves when it says "too much"
 * (additive increase, multiplicative decrease, as TCP does; doubling until the first refusal).
 */
export class ConcurrencyLimit {
  private limit: number;
  private answered = 0;
  private doubling = true;
  private underWay = 0;
  private waiting: (() => void)[] = [];
  private lastDecreaseMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly most: number) {
    this.limit = Math.min(8, most);
  }

  get current(): number {
    return Math.floor(this.limit);
  }

  /** Waits for a place. Every `enter` needs its `leave`. */
  async enter(): Promise<void> {
    while (this.underWay >= this.current) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.underWay += 1;
  }

  leave(): void {
    this.underWay -= 1;
    this.wake();
  }

  /** The store took a request in full. */
  succeeded(): void {
    this.answered += 1;
    if (this.answered < this.current) return;
    this.answered = 0;
    this.limit = Math.min(this.most, this.doubling ? this.limit * 2 : this.limit + 1);
    this.wake();
  }

  /** The store refused a request, or part of it. Requests of the same moment count once. */
  refused(): void {
    if (Date.now() - this.lastDecreaseMs < 100) return;
    this.lastDecreaseMs = Date.now();
    this.doubling = false;
    this.answered = 0;
    this.limit = Math.max(1, this.limit / 2);
  }

  private wake(): void {
    for (let free = this.current - this.underWay; free > 0; free -= 1) this.waiting.shift()?.();
  }
}
