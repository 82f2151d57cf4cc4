"""Outlines that follow the picture.

He, Sun and Tang, "Guided Image Filtering" (TPAMI 2013): in every small neighbourhood, a rough map
is fitted by a linear function of the picture's colours, so that the result has edges where the
picture has them. As in "Fast Guided Filter" (He and Sun, 2015), the functions are found in a small
picture and applied in the large one. Ours: pixels count by a weight.
"""

from __future__ import annotations

import cv2
import numpy as np

from slvp.types import Float32Array, UInt8Array

_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
_FULL = ((0, 1, 2), (1, 3, 4), (2, 4, 5))  # which of these pairs stands where in a 3 x 3 matrix


def centred(picture_HW3: UInt8Array) -> Float32Array:
    """Return colours between -0.5 and 0.5: small numbers, whose squares lose few digits."""
    return np.asarray(picture_HW3, np.float32) / np.float32(255) - np.float32(0.5)


def guide_terms(small_HW3: Float32Array) -> Float32Array:
    """Return 1, the colours and their products, HWC with C = 10: the same for all maps."""
    ones_HW1 = np.ones_like(small_HW3[..., :1])
    products = [small_HW3[..., i] * small_HW3[..., j] for i, j in _PAIRS]
    return np.concatenate([ones_HW1, small_HW3, np.stack(products, axis=-1)], axis=-1)


def fit_to_colours(
    terms_HWC: Float32Array,
    values_HW: Float32Array,
    weights_HW: Float32Array,
    radius: int,
    epsilon: float,
) -> Float32Array:
    """Fit a map by linear functions of colour, one for each place.

    Args:
        terms_HWC: of the picture, see ``guide_terms``.
        values_HW: the map.
        weights_HW: how much each place counts, above 0.
        radius: of the square neighbourhoods, in places.
        epsilon: variance of a colour (of 0..1) below which it is taken for noise.

    Returns:
        function_HW4: factors of red, green and blue, and a constant.
    """
    weighted_HWC = weights_HW[..., None] * terms_HWC
    known_HWC = weighted_HWC[..., :4] * values_HW[..., None]
    mean_HWC = _mean(np.concatenate([weighted_HWC, known_HWC], axis=-1), radius)
    weight_HW1 = mean_HWC[..., :1]
    mean_HWC = mean_HWC / weight_HW1
    colour_HW3, value_HW1 = mean_HWC[..., 1:4], mean_HWC[..., 10:11]
    with_value_HW3 = mean_HWC[..., 11:] - value_HW1 * colour_HW3
    covariance_HW33 = mean_HWC[..., 4:10][..., _FULL]
    covariance_HW33 = covariance_HW33 - colour_HW3[..., None] * colour_HW3[..., None, :]
    covariance_HW33 += np.float32(epsilon) * np.eye(3, dtype=np.float32)
    # Cramer's rule.
    columns = [covariance_HW33[..., i] for i in range(3)]
    normals = [np.cross(columns[i - 2], columns[i - 1]) for i in range(3)]
    determinant_HW = _dot(columns[0], normals[0])
    factors_HW3 = np.stack([_dot(with_value_HW3, n) / determinant_HW for n in normals], axis=-1)
    constant_HW1 = value_HW1 - _dot(factors_HW3, colour_HW3)[..., None]
    functions_HW4 = np.concatenate([factors_HW3, constant_HW1], axis=-1)
    return _mean(functions_HW4 * weight_HW1, radius) / _mean(weight_HW1, radius)[..., None]


def apply_to_colours(function_HW4: Float32Array, picture_HW3: Float32Array) -> Float32Array:
    """Return the map (HW) at the size of the picture, which may be another than the functions'."""
    height, width = picture_HW3.shape[:2]
    full_HW4 = cv2.resize(function_HW4, (width, height), interpolation=cv2.INTER_LINEAR)
    return _dot(full_HW4[..., :3], picture_HW3) + full_HW4[..., 3]


def _mean(values_HWC: Float32Array, radius: int) -> Float32Array:
    size = (2 * radius + 1, 2 * radius + 1)
    return np.asarray(cv2.blur(values_HWC, size, borderType=cv2.BORDER_REFLECT))


def _dot(a_HWC: Float32Array, b_HWC: Float32Array) -> Float32Array:
    return np.asarray(np.einsum("hwc,hwc->hw", a_HWC, b_HWC))
