"""The sections of the page; each returns its elements, or none where nothing was measured."""

from __future__ import annotations

from fer_edge.benchmarks.advice import judge_times, recommend
from fer_edge.benchmarks.columns import COST_COLUMNS, NOT_MEASURED
from fer_edge.benchmarks.html import drawings
from fer_edge.benchmarks.html.axes import short
from fer_edge.benchmarks.html.facts import device_rows
from fer_edge.benchmarks.html.subjects import Device, Page
from fer_edge.benchmarks.html.tags import Child, Element, table, tag
from fer_edge.benchmarks.results import TASKS, Caution, ModelResult


def opening(page: Page) -> list[Element]:
    """Return title, what was measured where, and every reason to doubt it."""
    names = ", ".join(device.name for device in page.devices)
    lines = []
    for device in page.devices:
        report = device.report
        images = report.images.description if report.images else "no images: latency only"
        quick = " Quick run: not for publication." if report.settings.quick else ""
        lines.append(
            tag(
                "p",
                tag("strong", device.name),
                f": {images}. Measured {report.date[:16].replace('T', ' ')} UTC by fer-edge {report.fer_edge_version} "
                f"in {report.seconds:,.0f} s.{quick}",
                class_="soft",
            )
        )
    return [tag("h1", f"fer-edge bench: {names}"), *_answers(page), *lines, *_cautions(page)]


def _answers(page: Page) -> list[Element]:
    """Return which file to deploy on each device, and why, and whether the times can be trusted."""
    found = []
    for device in page.devices:
        where = f"On {device.name}: " if len(page.devices) > 1 else ""
        text = " ".join(filter(None, [recommend(device.report), judge_times(device.report)]))
        if text:
            found.append(tag("p", where + text, class_="answer"))
    return found


def _cautions(page: Page) -> list[Element]:
    items, count = [], 0
    for device in page.devices:
        kinds: dict[str, list[Caution]] = {}
        for caution in device.report.warnings:
            kinds.setdefault(caution.code, []).append(caution)
        items += [_caution(device, code, cautions) for code, cautions in kinds.items()]
        count += len(device.report.warnings)
    if not items:
        return []
    title = f"{count} reason{'s' if count > 1 else ''} to doubt these figures, and what to do about it"
    return [tag("details", tag("summary", title), tag("ul", *items), class_="cautions")]


def _caution(device: Device, code: str, cautions: list[Caution]) -> Element:
    """Return one kind of reason: the first in full, the others counted."""
    first = cautions[0]
    subject = f"{device.name}{f', {first.model}' if first.model else ''}: "
    more = f", and {len(cautions) - 1} more of this kind" if len(cautions) > 1 else ""
    return tag("li", tag("code", code), f" {subject}{first.message}{more}; {first.advice}.")


def summary(page: Page) -> list[Element]:
    """Return one row per variant and device: what it costs in accuracy and time."""
    header: list[Child] = ["variant", "size, kB", "accuracy, % (95 %)", "drop, points (95 %)", "McNemar p", "agrees, %"]
    header += ["predict p50 / p90 / p99, ms", "time / baseline (95 %)"]
    rows = [_summary_row(page, device, model) for device, model in page.variants()]
    return [tag("h2", "Which variant?"), table(header, rows)]


def _summary_row(page: Page, device: Device, model: ModelResult) -> list[Child]:
    accuracy, series = model.accuracy, device.report.find_series(model, "predict")
    drop = accuracy.drop if accuracy else None
    times = series.summary_ms if series else None
    return [
        page.label(device, model),
        f"{model.file_bytes / 1000:,.0f}",
        f"{100 * accuracy.top1:.2f} ({accuracy.interval.text('.1f', times=100)})" if accuracy else NOT_MEASURED,
        f"{100 * drop.value:+.2f} ({drop.interval.text('+.2f', times=100)})" if drop else _baseline(model),
        f"{drop.p_value:.3f}" if drop else "",
        "" if model.agreement is None else f"{100 * model.agreement:.2f}",
        f"{short(times.p50)} / {short(times.p90)} / {short(times.p99)}" if times else NOT_MEASURED,
        _ratio(device, model),
    ]


def _baseline(model: ModelResult) -> str:
    return "baseline" if model.baseline is None else NOT_MEASURED


def _ratio(device: Device, model: ModelResult) -> str:
    first = device.report.settings.threads[0]
    for ratio in device.report.ratios:
        if (ratio.model, ratio.task, ratio.threads) == (model.id, "predict", first):
            return f"{ratio.value:.3f} ({ratio.interval.text('.3f')})"
    return _baseline(model)


def pareto(page: Page) -> list[Element]:
    """Return accuracy over latency."""
    points = []
    for device, model in page.variants():
        series = device.report.find_series(model, "predict")
        if model.accuracy and series:
            name, colour = page.label(device, model), page.colours[model.id]
            accuracy, latency = model.accuracy, series.summary_ms.p50
            points.append(
                drawings.Point(name, model.id, colour, device.shape, latency, 100 * accuracy.top1, accuracy.interval)
            )
    title = tag("h2", "Accuracy and latency")
    if not points:
        return [title, tag("p", "Not drawn: no variant was measured on labelled images.")]
    front = ", ".join(point.label for point in drawings.find_front(points))
    caption = (
        f"On the front (dashed): {front}. Every other variant is beaten by one of these in latency and not better in "
        "accuracy. Whiskers: 95 % intervals of the accuracies; they overlap more than the paired drops in the table."
    )
    figure = tag("figure", drawings.draw_pareto(points), _legend(points), tag("figcaption", caption))
    return [title, figure]


def _legend(points: list[drawings.Point]) -> Element:
    items = []
    for point in points:
        mark = drawings.draw_mark(point.shape, 9, 9, f"mark c{point.colour}")
        items.append(tag("li", tag("svg", mark, viewBox="0 0 18 18", aria_hidden="true"), point.label))
    return tag("ul", *items, class_="legend")


def distributions(page: Page) -> list[Element]:
    """Return the samples of every task, all variants on one axis."""
    figures = []
    for task, words in TASKS.items():
        rows = []
        for device, model in page.variants():
            series = device.report.find_series(model, task)
            if series:
                rows.append((page.label(device, model), page.colours[model.id], series))
        if rows:
            drawing = drawings.draw_distributions(rows, "ms, logarithmic")
            figures.append(tag("figure", tag("h3", words[0].upper() + words[1:]), drawing))
    note = "Height: square root of the share of samples. Marks and figures: p50 and p99 in ms. Batch 1."
    return [tag("h2", "Latency"), tag("p", note, class_="soft"), tag("div", *figures, class_="grid2")]


def class_drops(page: Page) -> list[Element]:
    """Return what each class lost, per device."""
    figures = []
    for device, model_list in _distinct_answers(page):
        baselines = {model.id: model for model in device.report.models}
        drops = []
        for model in model_list:
            other = baselines.get(model.baseline or "")
            if model.accuracy and other and other.accuracy:
                own, before = model.accuracy.per_class, other.accuracy.per_class
                lost = [100 * (before[label].recall - own[label].recall) for label in device.report.labels]
                drops.append((model.id, page.colours[model.id], lost))
        if drops:
            names = [tag("li", _swatch(colour), name) for name, colour, _ in drops]
            drawing = drawings.draw_class_drops(device.report.labels, drops)
            figures.append(tag("figure", drawing, tag("ul", *names, class_="legend")))
    if not figures:
        return []
    return [tag("h2", "What each class loses"), tag("div", *figures, class_="grid2")]


def _swatch(colour: int) -> Element:
    square = tag("rect", x=3, y=3, width=12, height=12, rx=2, class_=f"bar c{colour}")
    return tag("svg", square, viewBox="0 0 18 18", aria_hidden="true")


def _distinct_answers(page: Page) -> list[tuple[Device, list[ModelResult]]]:
    """Return the models of each device, without those that answered alike on an earlier one."""
    seen: set[tuple[str, str, str]] = set()
    result = []
    for device in page.devices:
        models = []
        for model in device.report.models:
            images = device.report.images.sha256 if device.report.images else ""
            key = (model.sha256, images, model.answers.predicted if model.answers else "")
            if key not in seen:
                models.append(model)
            seen.add(key)
        result.append((device, models))
    return result


def confusions(page: Page) -> list[Element]:
    """Return the confusion matrix of every variant; answers that are equal on two devices once."""
    figures = []
    for device, models in _distinct_answers(page):
        for model in models:
            if model.accuracy:
                name = page.label(device, model)
                drawing = drawings.draw_confusion(model.accuracy.confusion, device.report.labels, name)
                figures.append(tag("figure", tag("h3", name), drawing))
    if not figures:
        return []
    note = "Rows: the labelled class; figures in per cent of the row."
    return [tag("h2", "Confusion"), tag("p", note, class_="soft"), tag("div", *figures, class_="grid3")]


def throughput(page: Page) -> list[Element]:
    """Return images per second by threads and batch size."""
    blocks: list[Element] = []
    for device in page.devices:
        models = device.report.models
        columns = list(dict.fromkeys((entry.threads, entry.batch) for model in models for entry in model.throughput))
        rows: list[list[Child]] = []
        for model in models:
            found = {(entry.threads, entry.batch): entry.images_per_s for entry in model.throughput}
            rows.append([model.id, *(f"{found[key]:,.0f}" if key in found else NOT_MEASURED for key in columns)])
        header: list[Child] = ["images/s", *(f"{threads} thr., batch {batch}" for threads, batch in columns)]
        blocks += [tag("h3", device.name), table(header, rows)]
    note = "predict_batch on 48x48 crops: the interpreter takes them one by one, a larger batch only saves calls."
    return [tag("h2", "Throughput"), tag("p", note, class_="soft"), *blocks]


def costs(page: Page) -> list[Element]:
    """Return what each variant costs besides time per call."""
    header: list[Child] = ["variant", *(column.title for column in COST_COLUMNS)]
    rows: list[list[Child]] = [
        [page.label(device, model), *(column.cell(model) for column in COST_COLUMNS)]
        for device, model in page.variants()
    ]
    note = (
        "Parameters, multiply-accumulates (MACs) and the peak of live activations are read from the file. Share of "
        "peak: MACs per second of the bare interpreter over those of a matrix product through the same interpreter."
    )
    return [tag("h2", "Cost"), tag("p", note, class_="soft"), table(header, rows)]


def devices(page: Page) -> list[Element]:
    """Return the devices side by side."""
    header: list[Child] = ["fact", *(device.name for device in page.devices)]
    block = table(header, device_rows([device.report for device in page.devices]))
    block.set("class", "scroll facts")
    return [tag("h2", "Devices" if len(page.devices) > 1 else "Device"), block]


def methods(page: Page) -> list[Element]:
    """Return how it was measured."""
    items = []
    for device in page.devices:
        settings, report = device.report.settings, device.report
        text = (
            f"{settings.rounds} rounds in {settings.processes} process(es), at least {settings.min_samples:,} samples "
            f"and {settings.min_seconds:g} s a "
            f"series, seed {settings.seed}; frame: {report.scene.description if report.scene else NOT_MEASURED}."
        )
        if settings.quick:
            text += " Quick run: slow tasks have fewer samples."
        items.append(tag("li", tag("strong", f"{device.name}: "), text))
    names = page.devices[0].report.methods
    items += [tag("li", tag("strong", f"{name.replace('_', ' ')}: "), text) for name, text in names.items()]
    return [tag("h2", "How it was measured"), tag("ul", *items, class_="soft")]
