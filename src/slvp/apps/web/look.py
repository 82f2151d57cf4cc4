"""How the page looks and how it is launched; nothing of it comes from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from slvp.apps.web.limits import Limits

_HERE = Path(__file__).parent


def launch_options(limits: Limits) -> dict[str, Any]:
    """Return how the page is to be launched, whatever its address."""
    fonts = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")  # none to fetch
    return {
        "prevent_thread_lock": True,
        "quiet": True,
        "max_file_size": limits.megabytes * 1_000_000,
        "ssr_mode": False,
        "enable_monitoring": False,
        "run_history": False,
        "footer_links": ["api"],
        "theme": gr.themes.Soft(
            primary_hue="teal",
            neutral_hue="slate",
            font=fonts,
            font_mono=("ui-monospace", "Consolas", "monospace"),
        ).set(  # the theme's own colours are too pale to read easily
            body_background_fill="#f4f7f8",
            block_border_width="1px",
            block_shadow="none",
            button_secondary_border_color="*neutral_300",
            button_border_width="1px",
            input_border_width="1px",
            input_border_color="*neutral_300",
            body_text_color_subdued="#475569",
            body_text_color_subdued_dark="#cbd5e1",
            block_title_text_color="#115e59",
            block_label_text_color="#115e59",
            button_primary_background_fill="#0f766e",
            button_primary_background_fill_hover="#115e59",
        ),
        "css": (_HERE / "page.css").read_text(encoding="utf-8"),
        "head": f"<script>{(_HERE / 'page.js').read_text(encoding='utf-8')}</script>",
    }
