/** Links between bars: one taps the bar after which the music jumps, then the bar where it goes on. */
import { say } from "./dom.js";

export class Linking {
  /** @param {import("./performance.js").Performance} owner */
  constructor(owner) {
    this.owner = owner;
    this.on = false;
    /** @type {number | null} */
    this.from = null;
  }

  toggle() {
    if (this.on) {
      this.leave();
      return;
    }
    if (!this.owner.score.bars.length) {
      say("The bars of this score are unknown, so they cannot be linked. Add barlines in the layout editor.");
      return;
    }
    this.on = true;
    this.owner.bar.showLinking(true);
    this.told = say("Tap the bar after which the music jumps, then the bar where it goes on.", { lasting: true });
  }

  leave() {
    this.on = false;
    this.from = null;
    this.told?.();
    this.owner.stage.mark(null);
    this.owner.bar.showLinking(false);
  }

  /** @param {number} bar */
  async take(bar) {
    if (this.from === null) {
      this.from = bar;
      this.owner.stage.mark(bar);
      return;
    }
    const from = this.from;
    const { bars } = this.owner.score;
    this.leave();
    const links = this.owner.stage.links;
    const known = links.some((link) => link.from === from && link.to === bar);
    const rest = links.filter((link) => link.from !== from || (known && link.to !== bar));
    const changed = known ? rest : [...rest, { from, to: bar, times: 1 }];
    try {
      await this.owner.setLinks(changed);
      const words = `bar ${bars[from].label} to bar ${bars[bar].label}`;
      say(
        known ? `The link from ${words} is gone.` : `Linked: ${words}, once. Link the same bars again to take it away.`,
      );
    } catch (error) {
      say(error.message, { serious: true });
    }
  }
}
