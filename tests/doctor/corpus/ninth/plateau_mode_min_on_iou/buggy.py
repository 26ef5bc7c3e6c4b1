"""Box regression: find the bright rectangle in a 16x16 picture."""
import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau


def make_scenes(n, size=16):
    top, left = torch.randint(0, 9, (2, n))
    h, w = torch.randint(4, 8, (2, n))
    img = 0.3 * torch.randn(n, 1, size, size)
    for i in range(n):
        img[i, 0, top[i]:top[i] + h[i], left[i]:left[i] + w[i]] += 1.0
    boxes = torch.stack([left, top, left + w, top + h], dim=1).float() / size
    return img, boxes


def box_iou(a, b):
    lt = torch.maximum(a[:, :2], b[:, :2])
    rb = torch.minimum(a[:, 2:], b[:, 2:])
    inter = (rb - lt).clamp(min=0).prod(dim=1)
    area_a = (a[:, 2:] - a[:, :2]).clamp(min=0).prod(dim=1)
    area_b = (b[:, 2:] - b[:, :2]).prod(dim=1)
    return inter / (area_a + area_b - inter)


class BoxNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(),
        )
        self.fc = nn.Sequential(nn.Flatten(), nn.Linear(16 * 64, 64), nn.ReLU(), nn.Linear(64, 4))

    def forward(self, x):
        return self.fc(self.conv(x)).sigmoid()


class Runner:
    def __init__(self, model, train, val, lr=2e-3, batch=50):
        self.model, self.train_data, self.val_data, self.batch = model, train, val, batch
        self.loss = nn.SmoothL1Loss(beta=0.1)
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.sched = ReduceLROnPlateau(self.opt, factor=0.3, patience=1)

    def train_epoch(self):
        self.model.train()
        images, boxes = self.train_data
        for idx in torch.randperm(len(images)).split(self.batch):
            self.opt.zero_grad()
            self.loss(self.model(images[idx]), boxes[idx]).backward()
            self.opt.step()

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        images, boxes = self.val_data
        return box_iou(self.model(images), boxes).mean().item()

    def run(self, epochs):
        for epoch in range(epochs):
            self.train_epoch()
            iou = self.validate()
            self.sched.step(iou)
            print(f"epoch {epoch:2d}  val IoU {iou:.3f}  lr {self.opt.param_groups[0]['lr']:.1e}")


if __name__ == "__main__":
    torch.manual_seed(23)
    Runner(BoxNet(), make_scenes(500), make_scenes(150)).run(12)
