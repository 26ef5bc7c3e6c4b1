import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.metrics import average_precision_score


def focal_loss(logits, target, gamma=2.0, alpha=0.75, reduction="mean"):
    """Binary focal loss of Lin et al., target in {0, 1}."""
    ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    p_t = torch.exp(-ce)
    alpha_t = torch.where(target > 0.5, alpha, 1 - alpha)
    loss = alpha_t * (1 - p_t) ** gamma * ce
    return loss.mean() if reduction == "mean" else loss.sum() if reduction == "sum" else loss


class AnchorHead(nn.Module):
    """Objectness score for each position of a one-dimensional feature map."""

    def __init__(self, c=16, prior=0.05):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv1d(1, c, 5, padding=2), nn.ReLU(),
            nn.Conv1d(c, c, 5, padding=2), nn.ReLU(),
        )
        self.score = nn.Conv1d(c, 1, 1)
        nn.init.constant_(self.score.bias, float(torch.logit(torch.tensor(prior))))

    def forward(self, x):
        return self.score(self.trunk(x)).squeeze(1)


def scenes(n, length=64):
    """noisy signal with 1-3 bumps; positives are the centres (about 3 % of the positions)"""
    pos = torch.arange(length).float()
    centre = torch.randint(3, length - 3, (n, 3)).float()
    present = torch.rand(n, 3) < torch.tensor([1.0, 0.5, 0.5])
    bump = torch.exp(-0.5 * ((pos - centre[..., None]) / 1.5) ** 2) * present[..., None]
    x = bump.sum(1) + 0.25 * torch.randn(n, length)
    y = ((pos == centre[..., None]) & present[..., None]).any(1).float()
    return x.unsqueeze(1), y


def main():
    torch.manual_seed(9)
    x, y = scenes(800)
    x_val, y_val = scenes(200)
    head = AnchorHead()
    optimizer = torch.optim.AdamW(head.parameters(), lr=3e-3)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=6e-3, epochs=6, steps_per_epoch=20)
    for epoch in range(6):
        head.train()
        for idx in torch.randperm(800).split(40):
            objects = y[idx].sum().clamp(min=1)
            loss = focal_loss(head(x[idx]), y[idx], reduction="sum") / objects
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
        head.eval()
        with torch.no_grad():
            p = torch.sigmoid(head(x_val))
        ap = average_precision_score(y_val.flatten().numpy(), p.flatten().numpy())
        found = (p > 0.5)[y_val > 0.5].float().mean().item()
        print(f"epoch {epoch}: loss {loss.item():.3f}  AP {ap:.3f}  recall at 0.5 {found:.3f}")


if __name__ == "__main__":
    main()
