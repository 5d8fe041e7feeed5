/**
 * Where the cursor is drawn between two positions: it glides along a system, and leaps from one system to another.
 */

/** The time in which the cursor makes up two thirds of its distance to the position, in s. */
const GLIDE_S = 0.07;

/** The time without positions after which none are awaited, in s. */
const SILENT_AFTER_S = 0.2;

export class CursorMotion {
  constructor() {
    /** @type {{system: number, x: number} | null} */
    this.target = null;
    this.x = 0;
    this.speed = 0;
    this.heardAtS = 0;
  }

  /**
   * Set where the music is, in page widths.
   * @param {number} system
   * @param {number} x
   * @param {number} nowS
   * @returns {boolean} Whether the cursor leaps.
   */
  aim(system, x, nowS) {
    const before = this.target;
    const leaps = !before || before.system !== system || Math.abs(x - this.x) > 0.25;
    if (leaps) {
      [this.x, this.speed] = [x, 0];
    } else {
      const passedS = Math.max(nowS - this.heardAtS, 0.02);
      const speed = Math.min(Math.max((x - before.x) / passedS, 0), 1);
      this.speed += 0.25 * (speed - this.speed);
    }
    this.target = { system, x };
    this.heardAtS = nowS;
    return leaps;
  }

  /**
   * Move on, and return where the cursor is.
   *
   * Between two positions it goes on at the pace of the last ones. Where none come any more it goes back to the last.
   * @param {number} nowS
   * @param {number} passedS The time since the last step.
   */
  step(nowS, passedS) {
    if (!this.target) return null;
    const sinceS = nowS - this.heardAtS;
    const ahead = sinceS < SILENT_AFTER_S ? this.speed * sinceS : 0;
    this.x += (this.target.x + ahead - this.x) * (1 - Math.exp(-passedS / GLIDE_S));
    return { system: this.target.system, x: this.x };
  }
}
