"""``python -m fer_edge``, and the command ``fer-edge``."""

import signal


def main() -> None:
    """Run the command line. Until it listens itself, Ctrl-C ends it as any program, without a traceback."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from fer_edge.cli import main as run

    signal.signal(signal.SIGINT, usual)
    run()


if __name__ == "__main__":
    main()
