"""The devices that a network is trained on: one, or several that share each batch (data parallelism).

Every device holds a copy of the network, computes the gradients of its share of the batch, and takes the same step with
their mean. Where there is but one device, nothing here does anything.
"""

from __future__ import annotations

import functools
import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.errors import FerEdgeError, RecipeError

Batch = tuple[Any, Any]
"""The pixels and the targets of a batch, as Keras takes them."""


class Devices:
    """One device, and what several do differently.

    Attributes:
        count: how many devices share a batch, over all hosts.
        hosts: how many computers they belong to; each runs the same command.
        compiles: whether XLA can compile the training step.
    """

    count = 1
    hosts = 1
    compiles = True

    def scope(self) -> AbstractContextManager[Any]:
        """Return the context in which the network and its optimizer are made, and take their steps."""
        return nullcontext()

    def share(self, pixels: npt.NDArray[np.float32], targets: npt.NDArray[np.float32]) -> Batch:
        """Return the batch, spread over the devices."""
        return pixels, targets

    def read(self, variable: keras.Variable) -> Any:
        """Return a variable's value for arithmetic with variables from outside the scope."""
        return variable

    def require_even(self, size: int) -> None:
        """Check that a batch can be shared.

        Raises:
            RecipeError: the devices do not divide it.
        """
        if size % self.count:
            raise RecipeError(
                f"Recipe field 'batch_size': expected a multiple of {self.count}, as many devices share each batch, "
                f"got {size}. Choose {size - size % self.count or self.count}, or hide devices (CUDA_VISIBLE_DEVICES=0 "
                "leaves one)."
            )


class JaxDevices(Devices):
    """Several devices of JAX. The step is compiled as one program for them all, batch norm over the whole batch."""

    def __init__(self) -> None:
        import jax

        self._distribution = keras.distribution.DataParallel()
        self.count = jax.device_count()
        self.hosts = jax.process_count()
        self._host = jax.process_index()

    def scope(self) -> AbstractContextManager[Any]:
        """Return the context in which variables are copied to all devices."""
        context: AbstractContextManager[Any] = self._distribution.scope()
        return context

    def share(self, pixels: npt.NDArray[np.float32], targets: npt.NDArray[np.float32]) -> Batch:
        """Return this host's part of the batch, which Keras spreads over the host's devices."""
        self.require_even(len(pixels))
        part = slice(self._host * len(pixels) // self.hosts, (self._host + 1) * len(pixels) // self.hosts)
        return pixels[part], targets[part]

    def read(self, variable: keras.Variable) -> Any:
        """Return the copy on this host's first device."""
        return variable.value.addressable_data(0)


class MirroredDevices(Devices):
    """Several devices of TensorFlow, in replicas: batch norm is over each device's own share of the batch."""

    compiles = False  # XLA compiles for one device only

    def __init__(self, strategy: Any) -> None:
        self._strategy = strategy
        self.count = strategy.num_replicas_in_sync

    def scope(self) -> AbstractContextManager[Any]:
        """Return the context in which variables are mirrored."""
        context: AbstractContextManager[Any] = self._strategy.scope()
        return context

    def share(self, pixels: npt.NDArray[np.float32], targets: npt.NDArray[np.float32]) -> Batch:
        """Return the batch cut into as many parts as there are devices; a whole one would go to each of them."""
        self.require_even(len(pixels))
        return self._spread(pixels), self._spread(targets)

    def _spread(self, array: npt.NDArray[np.float32]) -> Any:
        import tensorflow as tf

        parts = np.split(array, self.count)
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group])
        )


@functools.cache
def find_devices() -> Devices:
    """Return the devices of Keras's backend: its accelerators, or without any the processor.

    JAX joins other hosts where the variables of JAX or Keras name them.

    Raises:
        FerEdgeError: the other hosts cannot be joined, or the backend cannot train on several.
    """
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        _join_hosts()
        return JaxDevices() if jax.device_count() > 1 else Devices()
    if backend == "tensorflow":
        import tensorflow as tf

        _require_one_host()
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        if len(devices) > 1:
            return MirroredDevices(tf.distribute.MirroredStrategy([device.name for device in devices]))
    return Devices()


def _require_one_host() -> None:
    """Check that TF_CONFIG names no other host: each would train a network of its own."""
    if not os.environ.get("TF_CONFIG"):
        return
    import tensorflow as tf

    cluster = tf.distribute.cluster_resolver.TFConfigClusterResolver().cluster_spec()
    if sum(cluster.num_tasks(job) for job in cluster.jobs) > 1:
        raise FerEdgeError(
            "TF_CONFIG names several hosts, which fer-edge trains on with JAX only: set KERAS_BACKEND=jax and JAX's "
            "variables (docs/training.md), or unset TF_CONFIG to train on this host."
        )


def _join_hosts() -> None:
    """Join the hosts that share the training; the others wait here until all have come."""
    named = [name for name in ("JAX_COORDINATOR_ADDRESS", "KERAS_DISTRIBUTION_JOB_ADDRESSES") if os.environ.get(name)]
    if not named:
        return
    try:
        keras.distribution.initialize()
    except (RuntimeError, TypeError, ValueError) as error:
        raise FerEdgeError(
            f"{named[0]} is set, but the other hosts cannot be joined ({str(error).splitlines()[0]}). Set "
            "KERAS_DISTRIBUTION_NUM_PROCESSES and KERAS_DISTRIBUTION_PROCESS_ID, too, or unset it to train on "
            "this host."
        ) from error
