import copy

import torch


class Ema:
    def __init__(self, module, decay):
        self.module = copy.deepcopy(module).requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, module):
        for mine, theirs in zip(self.module.state_dict().values(), module.state_dict().values()):
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs, 1 - self.decay)
            else:
                mine.copy_(theirs)
