"""Writes the web page that reads faces in a browser; `engine/` is also the npm package, `wasm/` the C that it runs."""
