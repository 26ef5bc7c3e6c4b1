import torch
from torch import nn

from loop import train
from optim import make_optim

EPOCHS = 5


def main():
    torch.manual_seed(4)
    x = torch.randn(300, 7)
    y = x[:, :2].argmax(1)
    model = nn.Sequential(nn.Linear(7, 16), nn.ReLU(), nn.Linear(16, 2))
    opt, sched = make_optim(model, EPOCHS)
    train(model, opt, sched, x, y, EPOCHS)


if __name__ == "__main__":
    main()
