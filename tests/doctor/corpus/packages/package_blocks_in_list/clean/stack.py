from torch import nn

from blocks import ResidualBlock


def make_blocks(d, depth):
    blocks = []
    for _ in range(depth):
        blocks.append(ResidualBlock(d))
    return nn.ModuleList(blocks)


class ResidualStack(nn.Module):
    def __init__(self, n_in, d, depth, n_out):
        super().__init__()
        self.inp = nn.Linear(n_in, d)
        self.blocks = make_blocks(d, depth)
        self.out = nn.Linear(d, n_out)

    def forward(self, x):
        x = self.inp(x)
        for block in self.blocks:
            x = block(x)
        return self.out(x)
