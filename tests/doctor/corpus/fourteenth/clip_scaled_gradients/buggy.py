import logging

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")


class DoubleConv(nn.Sequential):
    def __init__(self, c_in, c_out):
        super().__init__(nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True),
                         nn.Conv2d(c_out, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True))


def make_blobs(n, size=12):
    grid = torch.stack(torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")).float()
    centre = torch.randint(3, size - 3, (n, 2, 1, 1)).float()
    mask = (((grid - centre) ** 2).sum(1, keepdim=True) < 9).float()
    return mask + 0.5 * torch.randn(n, 1, size, size), mask


def evaluate(net, loader):
    net.eval()
    inter, total = 0.0, 0.0
    with torch.no_grad():
        for images, masks in loader:
            pred = (net(images) > 0).float()
            inter += (pred * masks).sum().item()
            total += (pred.sum() + masks.sum()).item()
    return 2 * inter / max(total, 1e-6)


def train_net(epochs=3, batch_size=16, lr=0.05, gradient_clipping=1.0, amp=True):
    dataset = TensorDataset(*make_blobs(200))
    train_set, val_set = random_split(dataset, [160, 40], generator=torch.Generator().manual_seed(0))
    train_loader = DataLoader(train_set, batch_size=batch_size, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=20)

    net = nn.Sequential(DoubleConv(1, 8), nn.Conv2d(8, 1, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    grad_scaler = torch.amp.GradScaler("cpu", enabled=amp)
    criterion = nn.BCEWithLogitsLoss()

    for epoch in range(1, epochs + 1):
        net.train()
        for images, masks in train_loader:
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=amp):
                loss = criterion(net(images), masks)
            optimizer.zero_grad(set_to_none=True)
            grad_scaler.scale(loss).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), gradient_clipping)
            grad_scaler.step(optimizer)
            grad_scaler.update()
        print(f"epoch {epoch}: loss {loss.item():.4f} dice {evaluate(net, val_loader):.4f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    logging.info("Starting training")
    train_net()
