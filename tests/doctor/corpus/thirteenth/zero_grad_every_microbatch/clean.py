import argparse

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def build_parser():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=5)
    p.add_argument("--micro-batch", type=int, default=8)
    p.add_argument("--grad-accum-steps", type=int, default=8)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--seed", type=int, default=0)
    return p


def main(args):
    torch.manual_seed(args.seed)
    x = torch.randn(1280, 16)
    clean = x.clone()
    clean[:, 8:] = clean[:, :8] * 0.5
    noisy = clean + 0.3 * torch.randn_like(clean)
    train = TensorDataset(noisy[:1024], clean[:1024])
    loader = DataLoader(train, batch_size=args.micro_batch, shuffle=True, drop_last=True)
    model = nn.Sequential(nn.Linear(16, 12), nn.GELU(), nn.Linear(12, 16))
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.0)

    # 1024 samples = 16 optimizer steps of 8 x 8 per epoch
    for epoch in range(args.epochs):
        model.train()
        running = 0.0
        optimizer.zero_grad(set_to_none=True)
        for i, (src, tgt) in enumerate(loader):
            loss = F.mse_loss(model(src), tgt)
            (loss / args.grad_accum_steps).backward()
            running += loss.item()
            if (i + 1) % args.grad_accum_steps == 0:
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
        model.eval()
        with torch.no_grad():
            val = F.mse_loss(model(noisy[1024:]), clean[1024:]).item()
        print(f"epoch {epoch} train {running / len(loader):.4f} val {val:.4f}")


if __name__ == "__main__":
    main(build_parser().parse_args([]))
