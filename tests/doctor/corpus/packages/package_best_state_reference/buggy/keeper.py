import copy


class BestKeeper:
    """Keeps the weights of the lowest value seen."""

    def __init__(self):
        self.value = float("inf")
        self._weights = None

    def offer(self, value, module):
        if value < self.value:
            self.value = value
            self._weights = copy.copy(module.state_dict())

    def restore(self, module):
        module.load_state_dict(self._weights)
