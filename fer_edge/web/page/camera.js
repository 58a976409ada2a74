// The camera of the device: front or back, and why it cannot be had.

const WANTED = { width: { ideal: 640 }, height: { ideal: 480 } };

export class Camera {
  #stream = null;
  #facing = "user";

  /** @param {HTMLVideoElement} video shows the camera. */
  constructor(video) {
    this.video = video;
  }

  get running() {
    return this.#stream !== null;
  }

  /** Whether the picture is shown as in a mirror. */
  get mirrored() {
    return this.#facing === "user";
  }

  /** @throws {Error} `code` names the reason: cameraInsecure, cameraBlocked, cameraMissing or cameraBusy. */
  async start() {
    if (!navigator.mediaDevices) throw withCode("cameraInsecure", "no camera without https");
    const video = { ...WANTED, facingMode: this.#facing };
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    } catch (error) {
      const codes = { NotAllowedError: "cameraBlocked", SecurityError: "cameraBlocked", NotFoundError: "cameraMissing" };
      throw withCode(codes[error.name] ?? "cameraBusy", error.message);
    }
    this.video.srcObject = this.#stream;
    await this.video.play();
  }

  stop() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = this.video.srcObject = null;
  }

  /** Change between front and back. */
  async turn() {
    this.stop();
    this.#facing = this.mirrored ? "environment" : "user";
    await this.start();
  }

  static async count() {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    return devices.filter((device) => device.kind === "videoinput").length;
  }
}

function withCode(code, message) {
  return Object.assign(new Error(message), { code });
}
