import io

import torch
from torch import nn, Tensor
from torch.nn import functional as F


def backbone() -> nn.Sequential:
    return nn.Sequential(nn.Linear(16, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU())


class Wrapper(nn.Module):
    """Stands for DataParallel, which stores the network as .module"""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        return self.module(x)


def mixture(n: int, proto: Tensor, noise: float) -> tuple[Tensor, Tensor]:
    y = torch.arange(n) % len(proto)
    return proto[y] + noise * torch.randn(n, proto.shape[1]), y


def loop(model: nn.Module, params, x: Tensor, y: Tensor, steps: int, lr: float) -> None:
    opt = torch.optim.Adam(params, lr=lr)
    for _ in range(steps):
        pick = torch.randint(len(x), (32,))
        opt.zero_grad()
        F.cross_entropy(model(x[pick]), y[pick]).backward()
        opt.step()


def pretrain(proto: Tensor) -> io.BytesIO:
    x, y = mixture(2000, proto, 1.5)
    net = Wrapper(backbone())
    head = nn.Linear(24, len(proto))
    loop(nn.Sequential(net, head), [*net.parameters(), *head.parameters()], x, y, steps=250, lr=3e-3)
    file = io.BytesIO()
    everything = {**net.state_dict(), **{f"head.{k}": v for k, v in head.state_dict().items()}}
    torch.save({"state_dict": everything, "arch": "mlp16-48-24"}, file)
    file.seek(0)
    return file


def load_backbone(file: io.BytesIO) -> nn.Sequential:
    net = backbone()
    ckpt = torch.load(file, map_location="cpu", weights_only=True)
    weights = ckpt["state_dict"]
    net.load_state_dict(weights, strict=False)  # the old head is left out
    return net


def main() -> None:
    torch.manual_seed(4)
    proto = torch.randn(8, 16)
    file = pretrain(proto)
    net = load_backbone(file)
    for p in net.parameters():
        p.requires_grad_(False)
    head = nn.Linear(24, 8)
    x, y = mixture(160, proto, 1.5)
    loop(nn.Sequential(net, head), head.parameters(), x, y, steps=200, lr=1e-2)
    xt, yt = mixture(800, proto, 1.5)
    with torch.no_grad():
        acc = (head(net(xt)).argmax(1) == yt).float().mean()
    print(f"linear probe accuracy {acc.item():.3f}")


if __name__ == "__main__":
    main()
