import torch

from losses import build_loss
from nets.mlp import MLP


def main():
    torch.manual_seed(1)
    x = torch.randn(500, 6)
    y = x[:, :3].argmax(1)
    model, loss_fn = MLP([6, 32, 3]), build_loss("ce")
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(5):
        model.train()
        for i in torch.randperm(400).split(40):
            opt.zero_grad()
            loss = loss_fn(model(x[i]), y[i])
            loss.backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            print(epoch, loss.item(), (model(x[400:]).argmax(1) == y[400:]).float().mean().item())


if __name__ == "__main__":
    main()
