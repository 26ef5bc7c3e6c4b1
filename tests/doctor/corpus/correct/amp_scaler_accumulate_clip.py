import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def build():
    return nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 5))


def train(model, loader, device, epochs=2, accumulate=2, max_norm=1.0):
    use_amp = device.type == "cuda"
    scaler = torch.amp.GradScaler(device.type, enabled=use_amp)
    opt = torch.optim.AdamW(model.parameters(), lr=1e-3)
    crit = nn.CrossEntropyLoss()
    n_batches = len(loader)
    for epoch in range(epochs):
        model.train()
        opt.zero_grad(set_to_none=True)
        mean = 0.0
        for i, (x, y) in enumerate(loader):
            x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
            first = i - i % accumulate
            window = min(accumulate, n_batches - first)
            with torch.autocast(device_type=device.type, dtype=torch.float16, enabled=use_amp):
                loss = crit(model(x), y)
            scaler.scale(loss / window).backward()
            mean += loss.item() / n_batches
            if (i + 1) % accumulate == 0 or i + 1 == n_batches:
                scaler.unscale_(opt)
                nn.utils.clip_grad_norm_(model.parameters(), max_norm)
                scaler.step(opt)
                scaler.update()
                opt.zero_grad(set_to_none=True)
        print(epoch, mean, scaler.get_scale())
    return opt, scaler


def main():
    torch.manual_seed(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    x = torch.randn(450, 20)
    y = x[:, :5].argmax(dim=1)
    loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True, pin_memory=device.type == "cuda")
    model = build().to(device)
    opt, scaler = train(model, loader, device)
    state = {"model": model.state_dict(), "optimizer": opt.state_dict(), "scaler": scaler.state_dict()}
    print(sorted(state))


if __name__ == "__main__":
    main()
