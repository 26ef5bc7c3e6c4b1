import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torch.utils.data import DataLoader
from torchvision import transforms


class TwoViews:
    def __init__(self, base):
        self.base = base

    def __call__(self, image):
        return self.base(image), self.base(image)


augment = transforms.Compose(
    [
        transforms.RandomResizedCrop(32),
        transforms.RandomHorizontalFlip(),
        transforms.ColorJitter(0.4, 0.4, 0.4, 0.1),
        transforms.ToTensor(),
        transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    ]
)
torch.manual_seed(0)
data = torchvision.datasets.CIFAR10("./data", train=True, download=True, transform=TwoViews(augment))
loader = DataLoader(data, batch_size=256, shuffle=True, drop_last=True, num_workers=4)
backbone = torchvision.models.resnet18(weights=None)
backbone.fc = nn.Identity()
projector = nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 128))
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
backbone.to(device)
projector.to(device)
params = list(backbone.parameters()) + list(projector.parameters())
optimizer = torch.optim.SGD(params, lr=0.3, momentum=0.9, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=100)


def nt_xent(a, b, temperature=0.5):
    z = F.normalize(torch.cat([a, b]), dim=1)
    sim = z @ z.t() / temperature
    n = a.size(0)
    sim.fill_diagonal_(float("-inf"))
    pos = torch.arange(2 * n, device=z.device).roll(n)
    return F.cross_entropy(sim, pos)


for epoch in range(100):
    backbone.train()
    total = 0.0
    for (left, right), _ in loader:
        left, right = left.to(device, non_blocking=True), right.to(device, non_blocking=True)
        loss = nt_xent(projector(backbone(left)), projector(backbone(right)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += loss.item()
    scheduler.step()
    print(f"{epoch}: {total / len(loader):.3f}")
    torch.save({"backbone": backbone.state_dict(), "epoch": epoch}, "simclr.pt")
