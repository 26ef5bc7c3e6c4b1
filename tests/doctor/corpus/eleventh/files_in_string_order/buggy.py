import os
import tempfile

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, random_split


def write_dataset(root, n=300, seed=13):
    """scan_0.npy, scan_1.npy, ... and labels.npy, where labels[k] belongs to scan_k."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    for k in range(n):
        img = rng.normal(0, 0.5, (8, 8)).astype(np.float32)
        if labels[k] == 1:
            img[2:4, :] += 1
        elif labels[k] == 2:
            img[:, 4:6] += 1
        np.save(os.path.join(root, f"scan_{k}.npy"), img)
    np.save(os.path.join(root, "labels.npy"), labels)


class ScanDataset(Dataset):
    def __init__(self, root):
        self.root = root
        names = [f for f in os.listdir(root) if f.startswith("scan_")]
        self.files = sorted(names)
        self.labels = np.load(os.path.join(root, "labels.npy"))

    def __len__(self):
        return len(self.files)

    def __getitem__(self, idx):
        image = np.load(os.path.join(self.root, self.files[idx]))
        return torch.from_numpy(image).unsqueeze(0), int(self.labels[idx])


def main():
    torch.manual_seed(13)
    with tempfile.TemporaryDirectory() as root:
        write_dataset(root)
        dataset = ScanDataset(root)
        train_ds, test_ds = random_split(dataset, [220, 80])
        train_dl = DataLoader(train_ds, batch_size=20, shuffle=True)
        test_dl = DataLoader(test_ds, batch_size=40)

        cnn = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 3))
        criterion = nn.CrossEntropyLoss()
        optimizer = torch.optim.Adam(cnn.parameters(), lr=3e-3)
        for epoch in range(6):
            cnn.train()
            epoch_loss = 0.0
            for images, labels in train_dl:
                optimizer.zero_grad()
                loss = criterion(cnn(images), labels)
                loss.backward()
                optimizer.step()
                epoch_loss += loss.item() * len(labels)

            cnn.eval()
            hits = 0
            with torch.no_grad():
                for images, labels in test_dl:
                    hits += (cnn(images).argmax(dim=1) == labels).sum().item()
            print(f"epoch {epoch + 1}  loss {epoch_loss / len(train_ds):.3f}  test acc {hits / len(test_ds):.3f}")


if __name__ == "__main__":
    main()
