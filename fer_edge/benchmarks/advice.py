"""What a bench means for a user: which file to deploy on this device, and whether its times can be trusted."""

from __future__ import annotations

from fer_edge.benchmarks.results import BenchReport, ModelResult

MAX_DROP = 0.01
"""Accuracy, as a fraction, that a file may lose and still be recommended."""

MIN_AGREEMENT = 0.97
"""The same without labels: share of the images on which it answers as its baseline."""

MIN_GAIN = 0.01
"""Accuracy, as a fraction, that a slower network has to add to be worth naming."""

AS_FAST = 1.05
"""Within 5 % of the fastest a smaller file is the better choice: repeated benches differ by as much."""

MACHINE_CODES = ("throttling", "heat", "load", "swap", "stolen", "governor")
SERIES_CODES = {"warm-up", "drift", "tail"}


def recommend(report: BenchReport) -> str:
    """Return in one or two sentences which file to deploy, and why; empty when no time of predict was measured.

    Of each network it is the fastest file that loses little, or a smaller one that is as fast. With several
    networks it names those that no other beats in both time and accuracy.
    """
    chosen = [best for name in dict.fromkeys(model.name for model in report.models) if (best := _best(report, name))]
    chosen.sort(key=lambda model: _p50(report, model) or 0.0)
    front: list[ModelResult] = []
    for model in chosen:
        if not front or (model.accuracy and all(_top1(model) >= _top1(other) + MIN_GAIN for other in front)):
            front.append(model)
    if not front:
        return ""
    first, *others = front
    return " ".join([f"Deploy {_reasons(report, first)}.", *(f"More accurate: {_reasons(report, m)}." for m in others)])


def judge_times(report: BenchReport) -> str:
    """Return one sentence on why the times are unreliable; empty when nothing speaks against them."""
    for code in MACHINE_CODES:
        for caution in report.warnings:
            if caution.code == code:
                return f"{caution.message[:1].upper()}{caution.message[1:]}: times are unreliable."
    total = sum(len(model.latency) for model in report.models)
    unsteady = {(c.model, c.message.partition(":")[0]) for c in report.warnings if c.code in SERIES_CODES}
    if unsteady:
        return f"{len(unsteady)} of {total} series of times were unsteady: close other programs and repeat."
    return ""


def _best(report: BenchReport, network: str) -> ModelResult | None:
    """Return the file of a network to deploy; None when none was timed."""
    files = [(p50, model) for model in report.models if model.name == network and (p50 := _p50(report, model))]
    sound = [(p50, model) for p50, model in files if _keeps_accuracy(model)] or files
    if not sound:
        return None
    fastest = min(p50 for p50, _ in sound)
    return min((model for p50, model in sound if p50 <= AS_FAST * fastest), key=lambda model: model.file_bytes)


def _keeps_accuracy(model: ModelResult) -> bool:
    if model.accuracy and model.accuracy.drop:
        return model.accuracy.drop.value <= MAX_DROP
    return model.agreement is None or model.agreement >= MIN_AGREEMENT


def _p50(report: BenchReport, model: ModelResult) -> float | None:
    series = report.find_series(model, "predict")
    return series.summary_ms.p50 if series else None


def _top1(model: ModelResult) -> float:
    return model.accuracy.top1 if model.accuracy else 0.0


def _reasons(report: BenchReport, model: ModelResult) -> str:
    """Return name, time, size and accuracy of a file, each in a few words."""
    parts = [f"{model.id}: {_p50(report, model):.3f} ms a face"]
    ratio = next((r for r in report.ratios if (r.model, r.task) == (model.id, "predict")), None)
    if ratio and ratio.interval.high < 1:
        parts[0] += f", {1 / ratio.value:.1f} times as fast as {ratio.baseline}"
    parts.append(f"{model.file_bytes / 1000:,.0f} kB")
    if model.accuracy:
        text = f"{100 * model.accuracy.top1:.1f} % right"
        if drop := model.accuracy.drop:
            low, high = 100 * drop.interval.low, 100 * drop.interval.high
            text += f", {100 * drop.value:+.2f} points lost ({low:+.2f} to {high:+.2f})"
        parts.append(text)
    elif model.agreement is not None:
        parts.append(f"answers as {model.baseline} on {100 * model.agreement:.1f} % of the images")
    return ", ".join(parts)
