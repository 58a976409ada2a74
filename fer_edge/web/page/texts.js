// What the page says, in English and German; the names of the emotions too.

const ENGLISH = {
  camera: "Camera", stop: "Stop camera", turn: "Other camera", open: "Open picture", sample: "Sample", freeze: "Freeze", goOn: "Go on",
  save: "Save picture", model: "Network", sources: "Sources", picture: "Picture", faces: "Faces", lastMinute: "Last minute",
  pictureSays: "The picture, with a box and the displayed emotion for each face",
  timelineSays: "The emotion of each face over the last minute",
  invitation: "Start the camera, or open, paste or drop a picture.",
  warning: "It reads displayed expressions, not what people feel. Not for decisions about people.",
  privacy: "Everything happens on this device: no picture leaves it.",
  loading: "loading", ready: "ready", live: "live", frozen: "frozen", noFace: "no face in the picture", face: "Face", rest: "more",
  square: "Without a face detector the page reads what is in the square.",
  cameraBlocked: "The camera is blocked. Allow it for this page in the browser's settings.",
  cameraMissing: "No camera was found.",
  cameraBusy: "The camera is used by another program. Close that, and try again.",
  cameraInsecure: "Browsers give a camera to https pages and to localhost alone. A picture can be opened here too.",
  pictureBad: "This file is no picture that the browser can read.",
  "no-simd": "This browser has no WebAssembly with SIMD. Update it.",
  "file-missing": "A file of the page cannot be loaded. Reload the page when you are online.",
  emotions: {},
};

const GERMAN = {
  camera: "Kamera", stop: "Kamera aus", turn: "Andere Kamera", open: "Bild öffnen", sample: "Beispiel", freeze: "Anhalten", goOn: "Weiter",
  save: "Bild speichern", model: "Netz", sources: "Quellen", picture: "Bild", faces: "Gesichter", lastMinute: "Letzte Minute",
  pictureSays: "Das Bild, mit einem Rahmen und dem gezeigten Ausdruck für jedes Gesicht",
  timelineSays: "Der Ausdruck jedes Gesichts während der letzten Minute",
  invitation: "Starte die Kamera, oder öffne ein Bild, füge es ein oder ziehe es hierher.",
  warning: "Gelesen wird der gezeigte Ausdruck, nicht was Menschen fühlen. Nicht für Entscheidungen über Menschen.",
  privacy: "Alles geschieht auf diesem Gerät: Kein Bild verlässt es.",
  loading: "lädt", ready: "bereit", live: "läuft", frozen: "angehalten", noFace: "kein Gesicht im Bild", face: "Gesicht", rest: "weitere",
  square: "Ohne Gesichtserkennung liest die Seite, was im Quadrat ist.",
  cameraBlocked: "Die Kamera ist gesperrt. Erlaube sie für diese Seite in den Einstellungen des Browsers.",
  cameraMissing: "Es wurde keine Kamera gefunden.",
  cameraBusy: "Ein anderes Programm benutzt die Kamera. Schließe es und versuche es noch einmal.",
  cameraInsecure: "Browser geben eine Kamera nur an Seiten mit https und an localhost. Ein Bild lässt sich auch hier öffnen.",
  pictureBad: "Diese Datei ist kein Bild, das der Browser lesen kann.",
  "no-simd": "Dieser Browser hat kein WebAssembly mit SIMD. Aktualisiere ihn.",
  "file-missing": "Eine Datei der Seite lässt sich nicht laden. Lade die Seite neu, wenn du Netz hast.",
  emotions: {
    angry: "wütend", disgust: "angeekelt", fear: "ängstlich", happy: "froh", neutral: "neutral", sad: "traurig", surprise: "überrascht",
  },
};

const german = navigator.languages?.[0]?.startsWith("de") ?? false;
const texts = german ? GERMAN : ENGLISH;

/** A text by its name. */
export const say = (name) => texts[name] ?? name;

/** An emotion in the page's language; labels of other networks stay as they are. */
export const emotionName = (label) => texts.emotions[label] ?? label;

/** What an error means, in the page's language where it is known. */
export const sayError = (error) => texts[error.code] ?? error.message;

/** Fill in every text of the page. */
export function translatePage() {
  document.documentElement.lang = german ? "de" : "en";
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
}
