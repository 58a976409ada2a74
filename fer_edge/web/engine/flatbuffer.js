// Tables of a FlatBuffer: fields by number, each absent or somewhere in the data. A DataView checks every access.

const MOST_TABLES = 100_000;
const READERS = {
  i8: [1, (view, at) => view.getInt8(at)],
  u8: [1, (view, at) => view.getUint8(at)],
  i32: [4, (view, at) => view.getInt32(at, true)],
  u32: [4, (view, at) => view.getUint32(at, true)],
  f32: [4, (view, at) => view.getFloat32(at, true)],
  i64: [8, (view, at) => Number(view.getBigInt64(at, true))],
};

export class Table {
  constructor(view, position) {
    this.view = view;
    this.position = position;
    this.offsets = position - view.getInt32(position, true);
    this.fields = (view.getUint16(this.offsets, true) - 4) / 2;
  }

  /** The model's own table. */
  static root(view) {
    return new Table(view, view.getUint32(0, true));
  }

  #find(field) {
    const offset = field < this.fields ? this.view.getUint16(this.offsets + 4 + 2 * field, true) : 0;
    return offset && this.position + offset;
  }

  /** A number; 0 where it is absent. */
  number(field, kind) {
    const at = this.#find(field);
    return at ? READERS[kind][1](this.view, at) : 0;
  }

  /** Where a vector's elements start, and how many there are. */
  span(field, size) {
    const at = this.#find(field);
    if (!at) return [0, 0];
    const head = at + this.view.getUint32(at, true);
    const count = this.view.getUint32(head, true);
    if (head + 4 + count * size > this.view.byteLength) throw new RangeError("a vector beyond its end");
    return [head + 4, count];
  }

  numbers(field, kind) {
    const [size, read] = READERS[kind];
    const [start, count] = this.span(field, size);
    return Array.from({ length: count }, (_, index) => read(this.view, start + index * size));
  }

  text(field) {
    const [start, count] = this.span(field, 1);
    return new TextDecoder().decode(new Uint8Array(this.view.buffer, this.view.byteOffset + start, count));
  }

  table(field) {
    const at = this.#find(field);
    return at ? new Table(this.view, at + this.view.getUint32(at, true)) : null;
  }

  tables(field) {
    const [start, count] = this.span(field, 4);
    if (count > MOST_TABLES) throw new RangeError(`a vector of ${count} tables`);
    return Array.from({ length: count }, (_, index) => {
      const at = start + 4 * index;
      return new Table(this.view, at + this.view.getUint32(at, true));
    });
  }
}
