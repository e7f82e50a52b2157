"""``gluepy web``: serves pages about pipelines and their runs."""

from __future__ import annotations

import sys

import click

__all__ = ["command"]


@click.command("web")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8400,
    show_default=True,
    help="Where to listen; 0 takes a free one.",
)
@click.option("--allow-remote", is_flag=True, help="Let other machines ask, who show the token.")
@click.option(
    "--token",
    default="",
    envvar="GLUEPY_WEB_TOKEN",
    show_envvar=True,
    help="What everybody has to show; at least 16 characters.",
)
@click.option("--open", "is_open", is_flag=True, help="Show the pages in the browser.")
def command(*, host: str, port: int, allow_remote: bool, token: str, is_open: bool) -> None:
    """Serve pages about pipelines and their runs, live; nothing can be changed by them.

    Runs of all processes are seen, also those that begin later. Ctrl-C ends it.
    """
    from gluepy.views import settings_view
    from gluepy_web._app import make_app
    from gluepy_web._serve import check_exposure, listen, serve

    check_exposure(host, allow_remote=allow_remote, token=token)
    listener = listen(host, port)
    address = _address(host, listener.getsockname()[1])
    click.echo(address)
    click.echo("Ctrl-C ends it.", err=True)
    if is_open:
        # Without the token, which the page asks for: what is typed is seen by all on the machine.
        click.launch(address)
    project = settings_view()["project"]["name"]
    with listener:
        code = serve(
            lambda is_ending: make_app(
                project, token=token, is_remote=allow_remote, is_ending=is_ending
            ),
            listener,
        )
    sys.exit(code)


def _address(host: str, port: int) -> str:
    bare = host.strip("[]")
    return f"http://[{bare}]:{port}/" if ":" in bare else f"http://{bare}:{port}/"
