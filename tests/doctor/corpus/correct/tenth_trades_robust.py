"""TRADES adversarial training with an L-infinity PGD attack."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPS, STEP, ITERS, BETA = 0.1, 0.03, 5, 4.0


def images(n, gen):
    """6 x 6 patches in [0, 1]; the class is the orientation of the stripes."""
    y = torch.randint(0, 3, (n,), generator=gen)
    i, j = torch.meshgrid(torch.arange(6.0), torch.arange(6.0), indexing="ij")
    coords = torch.stack([i, j, i + j])[y]
    shift = 2 * torch.pi * torch.rand(n, 1, 1, generator=gen)
    clean = 0.5 + 0.3 * torch.sin(2 * coords + shift)
    return (clean + 0.1 * torch.randn(n, 6, 6, generator=gen)).clamp(0, 1).unsqueeze(1), y


def build():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 16, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Flatten(), nn.Linear(16 * 16, 3),
    )


def pgd(model, x, objective):
    """Maximise objective(logits) inside the ball; the model is left in the mode it came in."""
    was_training = model.training
    model.eval()
    adv = (x + torch.empty_like(x).uniform_(-EPS, EPS)).clamp(0, 1)
    for _ in range(ITERS):
        adv.requires_grad_(True)
        with torch.enable_grad():
            (grad,) = torch.autograd.grad(objective(model(adv)), adv)
        adv = adv.detach() + STEP * grad.sign()
        adv = (x + (adv - x).clamp(-EPS, EPS)).clamp(0, 1)
    model.train(was_training)
    return adv


def kl(logits, reference):
    return F.kl_div(logits.log_softmax(1), reference.log_softmax(1), reduction="batchmean", log_target=True)


def train_epoch(model, loader, opt):
    model.train()
    total = 0.0
    for x, y in loader:
        model.eval()
        with torch.no_grad():
            anchor = model(x)
        model.train()
        adv = pgd(model, x, lambda logits: kl(logits, anchor))
        clean_logits = model(x)
        loss = F.cross_entropy(clean_logits, y) + BETA * kl(model(adv), clean_logits)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(x)
    return total / len(loader.dataset)


def evaluate(model, loader):
    model.eval()
    clean = robust = 0
    for x, y in loader:
        adv = pgd(model, x, lambda logits: F.cross_entropy(logits, y))
        with torch.no_grad():
            clean += (model(x).argmax(1) == y).sum().item()
            robust += (model(adv).argmax(1) == y).sum().item()
    return clean / len(loader.dataset), robust / len(loader.dataset)


if __name__ == "__main__":
    torch.manual_seed(44)
    gen = torch.Generator().manual_seed(45)
    train_loader = DataLoader(TensorDataset(*images(640, gen)), batch_size=64, shuffle=True)
    test_loader = DataLoader(TensorDataset(*images(300, gen)), batch_size=100)
    model = build()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(5):
        loss = train_epoch(model, train_loader, opt)
        clean, robust = evaluate(model, test_loader)
        print(f"epoch {epoch}: loss {loss:.3f} clean {clean:.3f} robust {robust:.3f}")
