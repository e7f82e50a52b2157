"""``gluepy report``: writes a folder of HTML."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command("report")
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("report"),
    show_default=True,
    help="The folder; it may hold an older report, which is replaced.",
)
@click.option("--run", metavar="RUN", default="", help="Only one run: its id, @last, its folder.")
@click.option("--dag", metavar="LABEL", default="", help="Only one DAG and its runs.")
@click.option(
    "--compare", metavar="A B", nargs=2, default=None, help="Two runs to set side by side as well."
)
@click.option(
    "-n",
    "--number",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="At most so many runs, the latest.",
)
@click.option("--open", "is_open", is_flag=True, help="Show it in the browser.")
def command(
    *,
    output: Path,
    run: str,
    dag: str,
    compare: tuple[str, str] | None,
    number: int,
    is_open: bool,
) -> None:
    """Write a folder of HTML: what can be run, what ran, and how it went.

    It opens from a file, needs no server, and can be kept as an artefact of a CI job. Beside each
    page there is the same as JSON.
    """
    from gluepy.views import settings_view
    from gluepy_report._render import Renderer
    from gluepy_report._report import make_report

    report = make_report(run=run, dag=dag, compare=compare, number=number)
    report.write(output, Renderer(settings_view()["project"]["name"]))
    index = (output / "index.html").absolute()
    click.echo(click.format_filename(output / "index.html"))
    if is_open:
        click.launch(index.as_uri())
