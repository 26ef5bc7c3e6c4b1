"""Fine-tuning with frozen BatchNorm (detection style): train() is overridden so statistics and affine terms stay fixed
whatever mode the trainer asks for; stem frozen, later stage and head trained with their own learning rates."""
import logging
import sys
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
log = logging.getLogger("finetune")


def conv_bn(i, o, stride):
    return nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class Backbone(nn.Module):
    def __init__(self, frozen_stages=-1, norm_eval=False):
        super().__init__()
        self.stages = nn.ModuleList([conv_bn(1, 12, 2), conv_bn(12, 24, 2), conv_bn(24, 32, 1)])
        self.frozen_stages, self.norm_eval = frozen_stages, norm_eval
        self._freeze()

    def _freeze(self):
        for stage in self.stages[:self.frozen_stages + 1]:
            stage.requires_grad_(False)
        if self.norm_eval:
            for m in self.modules():
                if isinstance(m, nn.BatchNorm2d):
                    m.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        if mode and self.norm_eval:
            for m in self.modules():
                if isinstance(m, nn.BatchNorm2d):
                    m.eval()
        return self

    def forward(self, x):
        for s in self.stages:
            x = s(x)
        return x


class Regressor(nn.Module):
    """Global-average head; predicts the centre of the bright square."""

    def __init__(self, backbone, outputs):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(512, outputs))

    def forward(self, x):
        return self.head(self.backbone(x))


def squares(n, gen, noise):
    pos = torch.randint(0, 11, (n, 2), generator=gen)
    size = torch.randint(0, 2, (n,), generator=gen)
    img = noise * torch.randn(n, 1, 16, 16, generator=gen)
    for i in range(n):
        w = 3 + 2 * int(size[i])
        y, x = pos[i].tolist()
        img[i, 0, y:y + w, x:x + w] += 1
    centre = (pos + (3 + 2 * size[:, None]) / 2 - 8) / 8
    return img, size, centre


def fit(model, dl, opt, crit, epochs):
    for _ in range(epochs):
        model.train()
        for x, y in dl:
            opt.zero_grad()
            crit(model(x), y).backward()
            opt.step()


def main():
    torch.manual_seed(40)
    gen = torch.Generator().manual_seed(40)
    # source task: size of the square
    img, size, _ = squares(480, gen, 0.2)
    src = DataLoader(TensorDataset(img, size), batch_size=32, shuffle=True)
    source = Regressor(Backbone(), 2)
    fit(source, src, torch.optim.Adam(source.parameters(), lr=2e-3), nn.CrossEntropyLoss(), 4)

    # target task: where it is, in noisier pictures, few labels and tiny batches
    img, _, centre = squares(200, gen, 0.35)
    vimg, _, vcentre = squares(200, gen, 0.35)
    dl = DataLoader(TensorDataset(img, centre), batch_size=4, shuffle=True)
    backbone = Backbone(frozen_stages=0, norm_eval=True)
    backbone.load_state_dict(source.backbone.state_dict())
    model = Regressor(backbone, 2)
    body = [p for p in backbone.parameters() if p.requires_grad]
    opt = torch.optim.AdamW([{"params": body, "lr": 5e-4}, {"params": model.head.parameters(), "lr": 3e-3}], weight_decay=1e-4)
    frozen = {k: v.clone() for k, v in backbone.state_dict().items() if k.startswith("stages.0") or "running" in k}
    for round_ in range(4):
        fit(model, dl, opt, nn.SmoothL1Loss(beta=0.1), 2)
        model.eval()
        with torch.no_grad():
            err = (model(vimg) - vcentre).abs().mean().item() * 8
        log.info("round %d mean error %.2f px", round_, err)
    now = backbone.state_dict()
    assert all(torch.equal(v, now[k]) for k, v in frozen.items()), "a frozen tensor moved"
    log.info("%d tensors stayed fixed, %d were trained", len(frozen), len(body))


if __name__ == "__main__":
    main()
